import { describe, expect, it } from "vitest";
import { topic, topicName } from "../../src/declare/topic.ts";

const room = topic("room", { name: String }).of<string>();
const seat = topic("seat", {
  row: Number,
  name: String,
  vip: Boolean,
}).of<string>();

describe("A topic family", () => {
  it("names its topics by its parts, in the order in which they were declared", () => {
    expect(seat({ vip: true, name: "a", row: 7 }).name).toBe("seat:7:a:true");
    expect(topic("news")().name).toBe("news");
  });

  it("gives two topics the same name only if all their values are equal", () => {
    const pair = topic("pair", {
      first: String,
      second: String,
    }).of<string>();
    const units = [":", "%", "a", "3A", "25"];
    const texts = ["", ...units, ...units.flatMap((left) => units.map((right) => left + right))];
    const names = texts.flatMap((first) => texts.map((second) => pair({ first, second }).name));
    expect(new Set(names).size).toBe(texts.length ** 2);
  });

  it("lets no value name a topic of another family", () => {
    const wing = topic("wing", { name: String }).of<string>();
    const inWing = wing({ name: "room:a" }).name;
    for (const name of ["a", ":a", "../wing:a", "wing:room:a"]) {
      expect(room({ name }).name.startsWith("room:")).toBe(true);
      expect(room({ name }).name).not.toBe(inWing);
    }
  });

  it("is refused for a name that is empty or has a colon", () => {
    for (const family of ["", "room:lobby"]) {
      expect(() => topic(family)).toThrow(expect.objectContaining({ code: "BAD_DECLARATION" }));
    }
  });

  it("refuses a missing value, and one of another type, which plain JavaScript may pass", () => {
    for (const values of [{}, { name: 7 }, { name: null }, undefined]) {
      expect(() => Reflect.apply(room, undefined, [values])).toThrow(
        expect.objectContaining({
          code: "BAD_DECLARATION",
          message: expect.stringContaining(`The topic room needs a string for its part "name"`),
        }),
      );
    }
  });
});

describe("A topic's name", () => {
  it("is the same whether the topic or its name is given", () => {
    expect([topicName(room({ name: "a" })), topicName("room:a")]).toEqual(["room:a", "room:a"]);
  });
});
