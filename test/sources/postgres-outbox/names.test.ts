import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identifier } from "../../../src/postgres/quote.ts";
import { installOutbox, outboxSql, postgresOutbox } from "../../../src/sources/postgres-outbox.ts";
import { places, type TestDatabase, type TestPlace } from "./databases.ts";
import { Reading } from "./reading.ts";

/** The columns that every table has, whose names no other column may have. */
const system: ReadonlySet<string> = new Set(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]);

const statements = outboxSql({ tables: ["cars"], publishers: ["app"], notify: true });

/** Every word of the statements that install the outbox, and the aliases of those that read it and its tables. */
const words: readonly string[] = [
  ...new Set([
    ...Array.from(statements.matchAll(/[a-z_]\w*/gi), ([word]) => word),
    ..."t r s o d w l n c a b i p e k g row page position snapshot key value columns found size age how led".split(" "),
  ]),
].filter((word) => !system.has(word));

/** The captured row whose columns have all the same value but for the key. */
function captured(value: number, key: string): Readonly<Record<string, string>> {
  return { ...Object.fromEntries(words.map((word) => [word, String(value)])), "the key": key };
}

describe.each(places)("A table with a column for every name of every statement in $name", ({ start }) => {
  let place: TestPlace;
  let database: TestDatabase;

  beforeAll(async () => {
    place = await start();
    database = await place.open();
    const columns = words.map((word) => `${identifier(word)} int`).join(", ");
    await database.run(`create table words (${columns}, "the key" int primary key)`);
    await installOutbox(database.client, { tables: ["words"] });
  });

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  });

  it("is captured and read like every other", async () => {
    const [insert, row] = ["insert into words values", (value: number) => words.map(() => value).join(", ")];
    const source = postgresOutbox({ client: database.client });
    await using reading = new Reading(source);
    await database.run(`${insert} (${row(1)}, 1), (${row(2)}, 2)`);
    await database.run(`update words set t = 7, r = 7 where "the key" = 1`);
    await database.run(`delete from words where "the key" = 1`);
    const table = { schema: "public", name: "words" };
    const snapshot = await source.snapshot({ table, key: ["the key"], limit: 10, equal: { t: "2", "the key": "2" } });
    await database.run("truncate words");
    await reading.until(5);
    expect(reading.changes.map(({ action, before, after }) => [action, before, after])).toEqual([
      ["CREATED", null, captured(1, "1")],
      ["CREATED", null, captured(2, "2")],
      ["UPDATED", captured(1, "1"), { ...captured(1, "1"), t: "7", r: "7" }],
      ["DELETED", { ...captured(1, "1"), t: "7", r: "7" }, null],
      ["DELETED", captured(2, "2"), null],
    ]);
    expect(snapshot.rows).toEqual([captured(2, "2")]);
  });
});
