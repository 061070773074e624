/** An array or a row as PostgreSQL prints it, taken apart: elements as text, null, or arrays of their own. */
export type Elements = readonly (string | null | Elements)[];

/**
 * Takes `{1,NULL,"a \"b\"",{2}}` apart. Bounds before it (`[0:1]={…}`) are left out, as `to_jsonb` leaves them out.
 *
 * @param delimiter what is between two elements: `,` for all types of PostgreSQL's own but `box`.
 */
export function readArray(text: string, delimiter: string = ","): Elements {
  return new LiteralReader(text, delimiter, text.indexOf("{")).array();
}

/** Takes a composite value apart, `(1,"a b",,"say ""hi""")`. What is empty is null. */
export function readRecord(text: string): readonly (string | null)[] {
  return new LiteralReader(text, ",", 0).record();
}

class LiteralReader {
  readonly #text: string;
  readonly #delimiter: string;
  #offset: number;

  constructor(text: string, delimiter: string, offset: number) {
    this.#text = text;
    this.#delimiter = delimiter;
    this.#offset = offset;
  }

  array(): Elements {
    const elements: (string | null | Elements)[] = [];
    this.#offset += 1;
    while (this.#next !== "}" && this.#next !== "") {
      elements.push(this.#element());
      if (this.#next === this.#delimiter) this.#offset += 1;
    }
    this.#offset += 1;
    return elements;
  }

  record(): readonly (string | null)[] {
    const fields: (string | null)[] = [];
    do {
      this.#offset += 1;
      fields.push(this.#next === "," || this.#next === ")" ? null : this.#word(")"));
    } while (this.#next === ",");
    return fields;
  }

  get #next(): string {
    return this.#text.charAt(this.#offset);
  }

  #element(): string | null | Elements {
    if (this.#next === "{") return this.array();
    const quoted = this.#next === '"';
    const word = this.#word("}");
    return !quoted && word === "NULL" ? null : word;
  }

  /** Up to the delimiter or `end`. Within quotes neither counts; a backslash or a doubled quote gives what follows. */
  #word(end: string): string {
    let word = "";
    let quoted = false;
    for (; this.#offset < this.#text.length; this.#offset += 1) {
      const letter = this.#next;
      if (letter === '"') {
        const doubled = quoted && this.#text.charAt(this.#offset + 1) === '"';
        if (doubled) this.#offset += 1;
        else {
          quoted = !quoted;
          continue;
        }
      } else if (letter === "\\") this.#offset += 1;
      else if (!quoted && (letter === this.#delimiter || letter === end)) break;
      word += this.#next;
    }
    return word;
  }
}
