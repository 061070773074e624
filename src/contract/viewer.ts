/** Who a client is. */
export interface Viewer {
  readonly id: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970; nothing is sent from then on. Absent: never expires. */
  readonly expiresAt?: number;
}
