/** A place in PostgreSQL's write-ahead log, `16/B374D848` in its own writing: two halves of 32 bits in hexadecimal. */
export type Lsn = bigint;

export function readLsn(text: string): Lsn {
  const [high = "", low = ""] = text.split("/");
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function writeLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}
