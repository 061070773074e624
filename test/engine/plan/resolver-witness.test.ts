import { describe, expect, it } from "vitest";
import { fieldAt, schemaOfNews, witnessOf } from "./news-witness.ts";

describe("A witness of resolvers", () => {
  it.each(["resolve", "subscribe"] as const)("notices that %s of the root field was replaced", (property) => {
    const schema = schemaOfNews();
    const witness = witnessOf(schema, "Subscription.news", ["News.id"]);
    expect(witness.isCurrent).toBe(true);
    fieldAt(schema, "Subscription.news")[property] = () => "another";
    expect(witness.isCurrent).toBe(false);
  });

  it("notices that a resolver below the root was replaced", () => {
    const schema = schemaOfNews();
    const witness = witnessOf(schema, "Subscription.news", ["News.id", "News.text"]);
    fieldAt(schema, "News.text").resolve = () => "another";
    expect(witness.isCurrent).toBe(false);
  });
});
