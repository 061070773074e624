import { buildSchema, parse, subscribe } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare } from "fanfare";
import { connected } from "./connected.ts";
import { NotingLog } from "./noting-log.ts";

const schema = buildSchema(`
  type Query { hi: String }
  type Post { text: String count: Int author: Author other: Author sure: String! tags: [Author] }
  type Author { name: String }
  type Subscription { posted: Post }
`);

/** A query of a database that runs when somebody awaits it, such as those of query builders. */
class LazyQuery {
  runs = 0;
  readonly query: object;

  constructor(value: unknown) {
    const start = (resolve: (value: unknown) => void): void => {
      this.runs += 1;
      resolve(value);
    };
    this.query = new Proxy({}, { get: (_, key) => (key === "then" ? start : undefined) });
  }
}

/** An event whose properties count how often they are read. */
class CountedPost {
  readonly counts: Record<string, number> = {};
  readonly lazy = ["ann", "bob", "b"].map((name) => new LazyQuery({ name }));
  readonly author = this.lazy[0]?.query;
  readonly other = this.lazy[1]?.query;
  readonly tags = [{ name: "a" }, this.lazy[2]?.query];

  get text(): string {
    return `text ${this.#count("text")}`;
  }

  get count(): string {
    return `no number ${this.#count("count")}`;
  }

  get sure(): null {
    this.#count("sure");
    return null;
  }

  #count(name: string): number {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    return this.counts[name];
  }
}

/** What an event is asked in all, and the result, by graphql-js. */
async function expected(query: string): Promise<object> {
  const posted = new CountedPost();
  async function* source() {
    yield { posted };
  }
  const results = await subscribe({ schema, document: parse(query), subscribeFieldResolver: source });
  if (!(Symbol.asyncIterator in results)) throw new AggregateError(results.errors ?? []);
  const { value } = await results.next();
  return { data: value?.data, counts: posted.counts, runs: runsOf(posted) };
}

/** How often each of the lazy queries has run. */
function runsOf({ lazy }: CountedPost): readonly number[] {
  return lazy.map(({ runs }) => runs);
}

describe("A shared execution reads what graphql-js reads, as often, and runs each lazy query once", () => {
  it.each([
    "subscription { posted { text author { name } } }",
    "subscription { posted { text again: text author { name } count } }",
    "subscription { posted { text count author { name } } }",
    "subscription { posted { text sure author { name } } }",
    "subscription { posted { tags { name } text } }",
    "subscription { posted { author { name } same: author { name } } }",
  ])("%s", async (query) => {
    await using fanfare = createFanfare({ schema, log: new NotingLog() });
    await using client = await connected(fanfare);
    await using another = await connected(fanfare);
    for (const each of [client, another]) await each.subscribe(query);
    for (let event = 0; event < 2; event += 1) {
      const posted = new CountedPost();
      await fanfare.publish("posted", { posted });
      const result = await client.receiveNext("1");
      expect(await another.receiveNext("1")).toEqual(result);
      expect({ data: Reflect.get(Object(result), "data"), counts: posted.counts, runs: runsOf(posted) }).toEqual(
        JSON.parse(JSON.stringify(await expected(query))),
      );
    }
  });
});
