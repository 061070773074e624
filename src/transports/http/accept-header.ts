interface MediaRange {
  /** A type, or a wildcard for those of a family or for all, in lower case. */
  readonly type: string;
  /** The weight `q`, from 0 to 1. */
  readonly weight: number;
  /** The place in the header. */
  readonly place: number;
}

/** The Accept header of a request (RFC 9110, 12.5.1), for content negotiation. */
export class AcceptHeader {
  readonly #ranges: readonly MediaRange[];

  /** @param header undefined or empty: every type is acceptable. */
  constructor(header: string | undefined) {
    this.#ranges = (header?.trim() || "*/*").split(",").flatMap(mediaRange);
  }

  /**
   * The type that the client prefers: by weight, then by the order of the header, then by that of `types`. Undefined if
   * none is acceptable.
   */
  preferred(types: readonly string[]): string | undefined {
    let best: { readonly type: string; readonly range: MediaRange } | undefined;
    for (const type of types) {
      const range = this.#rangeOf(type);
      if (range && range.weight > 0 && (!best || isBefore(range, best.range))) best = { type, range };
    }
    return best?.type;
  }

  /** Whether the header has the type itself, and not only a wildcard for it, with a weight above 0. */
  names(type: string): boolean {
    return this.#ranges.some((range) => range.type === type && range.weight > 0);
  }

  /** The most specific range, which takes precedence over wildcards. */
  #rangeOf(type: string): MediaRange | undefined {
    const [family] = type.split("/", 1);
    for (const name of [type, `${family}/*`, "*/*"]) {
      const range = this.#ranges.find((candidate) => candidate.type === name);
      if (range) return range;
    }
    return undefined;
  }
}

function isBefore(range: MediaRange, other: MediaRange): boolean {
  return range.weight > other.weight || (range.weight === other.weight && range.place < other.place);
}

/** A range of the header; none if it asks for another charset than UTF-8, in which all answers are. */
function mediaRange(text: string, place: number): readonly MediaRange[] {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const charset = parameterOf(parameters, "charset") ?? "utf-8";
  if (type === "" || !["utf-8", "utf8", '"utf-8"'].includes(charset)) return [];
  const weight = Number(parameterOf(parameters, "q") ?? 1);
  return [{ type, weight: Number.isNaN(weight) ? 1 : weight, place }];
}

function parameterOf(parameters: readonly string[], name: string): string | undefined {
  return parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
}
