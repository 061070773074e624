/**
 * A captured change's place among all changes of its database. Within an epoch, places are ordered as the changes are
 * published; places of two epochs cannot be compared.
 */
export interface Place {
  /** Letters and digits. It changes after a restore, and whenever the source cannot continue where it stopped. */
  readonly epoch: string;
  /** The number of an outbox's window, or the position (LSN) of a transaction's commit in the write-ahead log. */
  readonly major: bigint;
  /** The change's number within `major`. */
  readonly minor: bigint;
}

/** The id of the event that a captured change is published as. It is an idempotency key: the same at each attempt. */
export function placeId({ epoch, major, minor }: Place): string {
  return `${epoch}:${major}:${minor}`;
}

/** The place in an event's id; undefined for an event that was not captured by a source. */
export function placeOf(id: string): Place | undefined {
  const [, epoch, major, minor] = /^([A-Za-z0-9]+):(\d+):(\d+)$/.exec(id) ?? [];
  if (epoch === undefined || major === undefined || minor === undefined) return undefined;
  return { epoch, major: BigInt(major), minor: BigInt(minor) };
}

/** Whether `place` comes after `other`; false if they are equal, true if they are of different epochs. */
export function isAfter(place: Place, other: Place): boolean {
  if (place.epoch !== other.epoch) return true;
  return place.major === other.major ? place.minor > other.minor : place.major > other.major;
}
