import type { Chapter } from "./case.ts";

/** Topic names that some broker could take for a pattern, a separator, a reserved word, or the name beside it. */
const names: readonly string[] = [
  "",
  " ",
  "a",
  "A",
  "b",
  "a.b",
  "a.b.c",
  "a.*",
  "a.>",
  "*",
  ">",
  "**",
  "?",
  "#",
  "+",
  "$",
  "$SYS",
  "$SYS.>",
  "[a-z]",
  "h?llo",
  "a b",
  "a  b",
  "a\tb",
  "a\nb",
  "a\r\nb",
  "\u0000",
  "a\u0000b",
  "a/b",
  "a:b",
  "a%3Ab",
  "a%253Ab",
  "{a}",
  "{a}b",
  '"',
  "'; --",
  "\\",
  "\\u0061",
  "__proto__",
  "constructor",
  "toString",
  "error",
  "newListener",
  "undefined",
  "null",
  "0",
  "00",
  "-1",
  "\u00e9",
  "e\u0301",
  "\u{1f600}",
  "\ud83d",
  "\ude00",
  "\ufffd",
  "\u0130",
  "i",
  "n".repeat(63),
  "n".repeat(64),
  "n".repeat(300),
  `${"n".repeat(300)}m`,
  "n".repeat(8001),
];

const patterns: readonly string[] = ["*", ">", "**", "a.*", "a.>", "?", "[a-z]", "%", "_", ".*", ""];

export const isolation: Chapter = {
  name: "isolation",
  cases: [
    {
      name: "keeps topics apart, whatever their names",
      async run(stage) {
        const listener = await stage.station();
        const publisher = await stage.elsewhere(listener);
        await listener.subscribe(...names);
        const events = names.map((name) => stage.event(name));
        await publisher.publish(...events);
        const ours = new Set(events.map(({ payload }) => payload));
        const heard = () => listener.heard.filter(({ payload }) => ours.has(payload));
        await stage.until(() => heard().length >= names.length, "an event of each topic");
        await stage.settle(publisher, listener);
        for (const { topic, payload } of events) {
          const came = heard().flatMap((event) => (event.topic === topic ? [event.payload] : []));
          stage.expect({ topic, came }).toEqual({ topic, came: [payload] });
        }
      },
    },
    {
      name: "does not treat a name as a pattern",
      async run(stage) {
        const listener = await stage.station();
        const publisher = await stage.elsewhere(listener);
        await listener.subscribe(...patterns);
        await publisher.publish(
          ...["a", "a.b", "a.b.c", "b", "x", "hello"].map((name) => stage.event(name, stage.topic())),
        );
        await stage.settle(publisher, listener);
        stage.expect(listener.heard.filter(({ payload }) => payload === stage.topic())).toEqual([]);
      },
    },
  ],
};
