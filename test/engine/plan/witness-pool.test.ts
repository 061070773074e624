import { describe, expect, it } from "vitest";
import { WitnessPool } from "../../../src/engine/plan/witness-pool.ts";
import { fieldAt, schemaOfNews, witnessOf } from "./news-witness.ts";

const [news, other, id, text] = ["Subscription.news", "Subscription.other", "News.id", "News.text"] as const;

describe("A pool of witnesses", () => {
  it("gives operations that select the same fields, in any order, one witness", () => {
    const schema = schemaOfNews();
    const pool = new WitnessPool(10);
    const first = pool.intern(witnessOf(schema, news, [id, text]));
    expect(pool.intern(witnessOf(schema, news, [text, id]))).toBe(first);
  });

  it("tells those apart that select other fields, or have another root", () => {
    const schema = schemaOfNews();
    const pool = new WitnessPool(10);
    const witnesses = [
      pool.intern(witnessOf(schema, news, [id, text])),
      pool.intern(witnessOf(schema, news, [id])),
      pool.intern(witnessOf(schema, other, [id])),
      pool.intern(witnessOf(schema, other, [])),
    ];
    expect(new Set(witnesses).size).toBe(4);
  });

  it("tells two operations apart that select each other's root, as only the source of a root is looked at", () => {
    const schema = schemaOfNews();
    const pool = new WitnessPool(10);
    const first = pool.intern(witnessOf(schema, news, [other]));
    const second = pool.intern(witnessOf(schema, other, [news]));
    fieldAt(schema, other).subscribe = () => "another";
    expect([first.isCurrent, second.isCurrent]).toEqual([true, false]);
  });

  it("gives an operation that comes after a replacement a witness of what is there now", () => {
    const schema = schemaOfNews();
    const pool = new WitnessPool(10);
    const before = pool.intern(witnessOf(schema, news, [id]));
    fieldAt(schema, id).resolve = () => "another";
    const after = pool.intern(witnessOf(schema, news, [id]));
    expect([before.isCurrent, after.isCurrent]).toEqual([false, true]);
    fieldAt(schema, id).resolve = undefined;
    expect([before.isCurrent, after.isCurrent]).toEqual([true, false]);
  });

  it("finds only so many again, the most recently used", () => {
    const schema = schemaOfNews();
    const pool = new WitnessPool(1);
    const first = pool.intern(witnessOf(schema, news, [id]));
    pool.intern(witnessOf(schema, news, [text]));
    expect(pool.intern(witnessOf(schema, news, [id]))).not.toBe(first);
  });
});
