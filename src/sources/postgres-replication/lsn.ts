/** A log sequence number: a position in PostgreSQL's write-ahead log, printed as two 32-bit halves, `16/B374D848`. */
export type Lsn = bigint;

export function readLsn(text: string): Lsn {
  const [high = "", low = ""] = text.split("/");
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function writeLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}
