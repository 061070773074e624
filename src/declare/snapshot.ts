/** What is so already when a subscription becomes live. */
export interface Snapshot<Event> {
  /** Go first, through the same filter and resolver as what is published. */
  readonly events: Iterable<Event> | AsyncIterable<Event>;
  /**
   * Whether `events` show already what a published event tells: then it is left out. Asked for every event of the
   * operation, so it must be quick; if it throws, the event is delivered.
   */
  includes(event: Event): boolean;
}
