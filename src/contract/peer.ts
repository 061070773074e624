/** The client's end of a connection, as its opening request describes it. */
export interface Peer {
  /** The client's network address, or the one that a trusted proxy has forwarded. */
  readonly address: string;
  /** Path and query of the request that opened the connection. */
  readonly url: string;
  /** The value of a request header, by its lower-case name; several values are joined by a comma. */
  header(name: string): string | undefined;
}
