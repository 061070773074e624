/** The other end of a connection, as it introduced itself. */
export interface Peer {
  /** The network address, or what a trusted proxy said it was. */
  readonly address: string;
  /** Path and query of the request that opened the connection. */
  readonly url: string;
  /** The value of a request header, by its lower-case name; several values are joined by a comma. */
  header(name: string): string | undefined;
}
