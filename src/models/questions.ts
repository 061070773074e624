import type { Arguments } from "../declare/declaration.ts";
import type { ComparableField } from "./condition.ts";
import type { Field } from "./field.ts";
import { Question } from "./question.ts";
import type { RowKey } from "./row-key.ts";

/** What the arguments of one subscription field say, read once for everybody who gives the same. */
export class Questions {
  readonly #key: RowKey;
  readonly #fields: ReadonlyMap<string, ComparableField>;
  readonly #idArgument: string;
  readonly #known = new WeakMap<Arguments, Question>();

  /** @param idArgument what the argument for the row's id is called. */
  constructor(key: RowKey, fields: Iterable<Field>, idArgument: string) {
    this.#key = key;
    this.#idArgument = idArgument;
    this.#fields = new Map(
      [...fields].flatMap((field) => {
        const { comparison } = field.kind;
        return comparison ? [[field.name, { field, comparison }] as const] : [];
      }),
    );
  }

  /** Throws what reading the arguments throws. */
  of(args: Arguments): Question {
    const known = this.#known.get(args);
    if (known) return known;
    const question = new Question({ ...args, id: args[this.#idArgument] }, this.#key, this.#fields);
    this.#known.set(args, question);
    return question;
  }
}
