/** The identity of a client: its user, as authenticated by `onConnect`. */
export interface Viewer {
  readonly id: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970; from then on no event is sent. Undefined: never expires. */
  readonly expiresAt?: number;
}
