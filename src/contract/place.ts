/**
 * Where a captured change stands among all changes of its database. Places of one epoch are in the order in which the
 * changes are published; places of two epochs cannot be compared.
 */
export interface Place {
  /** Another one after a restore, or whenever the source cannot go on where it was. Letters and digits. */
  readonly epoch: string;
  /** The window of an outbox, or the position of a transaction's commit. */
  readonly major: bigint;
  /** The change's number within it. */
  readonly minor: bigint;
}

/** The id of the event that a change is published as: the same however often it is published. */
export function placeId({ epoch, major, minor }: Place): string {
  return `${epoch}:${major}:${minor}`;
}

/** The place that an event's id names; undefined for an event that no source has captured. */
export function placeOf(id: string): Place | undefined {
  const [, epoch, major, minor] = /^([A-Za-z0-9]+):(\d+):(\d+)$/.exec(id) ?? [];
  if (epoch === undefined || major === undefined || minor === undefined) return undefined;
  return { epoch, major: BigInt(major), minor: BigInt(minor) };
}

/** Whether `place` comes after `other`, and is not the same. Whatever is of another epoch does. */
export function isAfter(place: Place, other: Place): boolean {
  if (place.epoch !== other.epoch) return true;
  return place.major === other.major ? place.minor > other.minor : place.major > other.major;
}
