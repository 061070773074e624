/** How the operations of a cohort are formatted: their documents are equal but for ignored tokens. */
export class Formatting {
  readonly #source: string;
  #isCommon = true;

  /** @param source of the first operation's document. */
  constructor(source: string) {
    this.#source = source;
  }

  /** Whether all have the same text, so that locations in it are right for all of them. */
  get isCommon(): boolean {
    return this.#isCommon;
  }

  /** Called for each operation that joins. */
  admit(other: Formatting): void {
    if (other.#source !== this.#source) this.#isCommon = false;
  }
}
