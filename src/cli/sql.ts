/** Statements that are run together, as a script for psql. */
export function inTransaction(statements: string): string {
  return `begin;\n${statements}\ncommit;\n`;
}
