/** Characters that are easily encoded wrongly: quotes, escapes, control characters, JSON's own, line separators. */
const characters = Array.from("abzAZ09 \"'\\/{}[]:,.-+eE_<>&;\u0000\u0007\b\n\r\t\u001b\u007f\u0085\u009b\u2028\u2029");
const longer = [
  "ключ",
  "€",
  "🏊",
  "\ud83c",
  "\udfca",
  "__proto__",
  "constructor",
  "\\u0000",
  "\\u007f",
  "\\u009b",
  "1e999",
];
const words = ["type", "id", "payload", "query", "variables", "operationName", "extensions", "{ a }", "1", "0", ""];
const bare = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "1e999",
  "12345678901234567890",
  "NaN",
  "undefined",
  "01",
  "{}",
  "[]",
];

/**
 * Generates malformed texts of a client, the same for the same samples: JSON that is nearly valid, and samples with
 * parts removed, doubled, reversed or inserted.
 */
export class ArbitraryText {
  readonly #samples: readonly string[];
  readonly #words: readonly string[];
  #state = 0x2545f491;

  /** @param samples valid texts. */
  constructor(samples: readonly string[]) {
    this.#samples = samples;
    this.#words = [...words, ...samples.flatMap((sample) => sample.match(/[\w-]+/g) ?? [])];
  }

  *texts(count: number): IterableIterator<string> {
    for (let index = 0; index < count; index += 1) {
      yield this.#samples.length > 0 && this.#chance(0.5) ? this.#broken(this.#pick(this.#samples)) : this.#json(3);
    }
  }

  #broken(sample: string): string {
    let text = sample;
    for (let times = 1 + this.#below(3); times > 0; times -= 1) {
      const [from, to] = [this.#below(text.length + 1), this.#below(text.length + 1)].toSorted((a, b) => a - b);
      const [before, piece, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
      text = this.#pick([
        before,
        before + after,
        before + piece + piece + after,
        before + Array.from(piece).toReversed().join("") + after,
        before + this.#characters() + after,
        before + this.#json(1) + after,
      ]);
    }
    return text;
  }

  #json(depth: number): string {
    if (depth === 0 || this.#chance(0.2)) return this.#chance(0.5) ? this.#string() : this.#pick(bare);
    const values = Array.from({ length: this.#below(5) }, () => this.#json(depth - 1));
    if (this.#chance(0.1)) return `[${values.join(",")}]`;
    return `{${values.map((value) => `${this.#string()}:${value}`).join(",")}}`;
  }

  #string(): string {
    const text = this.#chance(0.8) ? this.#pick(this.#words) : this.#characters();
    return this.#chance(0.95) ? JSON.stringify(text) : `"${text}"`;
  }

  #characters(): string {
    const pieces = Array.from({ length: this.#below(8) }, () => this.#pick(this.#chance(0.7) ? characters : longer));
    return this.#chance(0.05) ? pieces.join("").repeat(200) : pieces.join("");
  }

  #pick(choices: readonly string[]): string {
    return choices[this.#below(choices.length)] ?? "";
  }

  #chance(probability: number): boolean {
    return this.#below(1_000) < probability * 1_000;
  }

  /** A pseudorandom number below `count` by xorshift with a fixed seed, so that a failure can be reproduced. */
  #below(count: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % count;
  }
}
