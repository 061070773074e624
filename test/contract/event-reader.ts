/** Reads the events of a stream, without comments. */
export class EventReader {
  readonly events: string[] = [];
  #rest = "";

  take(piece: string): void {
    const pieces = (this.#rest + piece).split("\n\n");
    this.#rest = pieces.pop() ?? "";
    for (const event of pieces) if (event !== ":") this.events.push(`${event}\n\n`);
  }
}
