/** What happens to an operation whose queue is full. */
export type Overflow =
  /** Ends the connection with 4413; stock clients come back. The default. */
  | "disconnect"
  /** Keeps the newest value of each key and marks that others were left out. */
  | "latest"
  /** Drops what waited longest and tells the gap. */
  | "drop-oldest"
  /** Drops what comes last and tells the gap. */
  | "drop-newest";

/** The bound of what may wait for one operation of a slow client. */
export interface QueueOptions {
  /** Results that may wait. Default 256. 1 with `latest` means the current state only. Infinity: only bytes count. */
  readonly messages?: number;
  /** Bytes that may wait. Default 262,144. One result that alone is larger still passes an empty queue. */
  readonly bytes?: number;
  /** Default `disconnect`. */
  readonly overflow?: Overflow;
  /** For `latest`: events with an equal key replace each other. Without it all events of an operation do. */
  readonly key?: (event: never) => string | number;
}
