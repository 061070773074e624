/** A parsed array or composite literal: elements as text, null, or nested arrays. */
export type Elements = readonly (string | null | Elements)[];

/**
 * Parses an array literal, `{1,NULL,"a \"b\"",{2}}`. Its bounds (`[0:1]={…}`) are dropped, as by `to_jsonb`.
 *
 * @param delimiter the type's `typdelim`: `,` for all of PostgreSQL's types except `box`.
 */
export function readArray(text: string, delimiter: string = ","): Elements {
  return new LiteralReader(text, delimiter, text.indexOf("{")).array();
}

/** Parses a composite literal, `(1,"a b",,"say ""hi""")`. An empty element is null. */
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

  /** Reads up to the delimiter or `end`, outside quotes. A backslash or a doubled quote escapes the next character. */
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
