import * as fc from "fast-check";
import { clientFrame, opcodes, textFrame, type ClientFrame } from "./frame.ts";
import type { DialectModel } from "./models/dialect-model.ts";

/** An object that is so many levels deep. */
function nested(depth: number): object {
  return depth === 1 ? {} : { a: nested(depth - 1) };
}

const texts = ["1", "2", "3", "__proto__", "constructor", "toString", "€", "x".repeat(62)];
const numbers = [0, 1, -0.5, 1e21];
const wrongIds = ["", null, {}, [], true, "x".repeat(65), "€".repeat(22), "x".repeat(200)];

const queries = fc.constantFrom(
  "{ hi }",
  "{ __proto__: hi }",
  "{ held }",
  "mutation { touch }",
  "query A { hi } query B { held }",
  "query ($a: Int!) { add(a: $a) }",
  'subscription { ticks(room: "lobby") { n } }',
  'subscription { ticks(room: "lobby") { n held } }',
  "subscription ($room: String!) { latest(room: $room) { n } }",
  "subscription { ticks }",
  "{ nothing }",
  "{",
  "",
);

const payload = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(undefined, undefined, null) },
  { weight: 20, arbitrary: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })) },
  { weight: 1, arbitrary: fc.jsonValue() },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ ["__proto__"]: {} }, { a: [{ ["__proto__"]: 1 }] }, nested(63), nested(64)),
  },
);

const request = fc.record({
  query: fc.oneof({ weight: 80, arbitrary: queries }, { weight: 1, arbitrary: fc.jsonValue() }),
  operationName: fc.oneof(
    { weight: 80, arbitrary: fc.constantFrom(undefined, undefined, null, "A") },
    { weight: 1, arbitrary: fc.jsonValue() },
  ),
  variables: fc.oneof(fc.constantFrom({ a: 1 }, { a: "1" }, { room: "lobby" }, null), payload),
  extensions: payload,
});

/** JSON texts: messages that are right, wrong, or right at the wrong time. */
function messagesOf(dialect: DialectModel): fc.Arbitrary<string> {
  const { others, words } = dialect;
  const takesNumbers = dialect.name === "graphql-subscriptions";
  // What is answered does not end the connection, so it may come often.
  const wrong = dialect.wrong === "answer" ? 10 : 1;
  const ids = fc.constantFrom<unknown>(...texts, ...(takesNumbers ? numbers : []));
  const badIds = fc.constantFrom<unknown>(...wrongIds, ...(takesNumbers ? [] : numbers));
  const startOf = (id: fc.Arbitrary<unknown>) => fc.tuple(id, request).map((given) => dialect.start(...given));
  const other = (types: readonly unknown[]) => fc.record({ type: fc.constantFrom(...types), id: ids, payload });
  const message = fc.oneof(
    { weight: 80, arbitrary: startOf(ids) },
    { weight: 80, arbitrary: fc.record({ type: fc.constant(words.stop), id: ids }) },
    { weight: others.known.length > 0 ? 40 : 0, arbitrary: other(["", ...others.known].slice(-2)) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant(words.init), payload }) },
    { weight: wrong, arbitrary: startOf(badIds) },
    { weight: wrong, arbitrary: fc.record({ type: fc.constantFrom(words.start, words.stop), id: badIds }) },
    { weight: wrong, arbitrary: other([...others.unknown, "", 1, null, "constructor", "toString"]) },
  );
  return fc.oneof(
    { weight: 100, arbitrary: message.map((content) => JSON.stringify(content)) },
    { weight: wrong, arbitrary: message.map((content) => JSON.stringify(content)).chain(garbled) },
    // JSON has numbers that JavaScript has not.
    {
      weight: wrong,
      arbitrary: message.map((content) => JSON.stringify({ ...content, id: "∞" }).replace('"∞"', "1e999")),
    },
  );
}

/** A text in which single characters were changed, lost or added. */
function garbled(text: string): fc.Arbitrary<string> {
  const change = fc.tuple(fc.nat(text.length), fc.nat(2), fc.string({ unit: "binary", maxLength: 2 }));
  return fc
    .array(change, { minLength: 1, maxLength: 3 })
    .map((changes) =>
      changes.reduce((whole, [at, lost, added]) => whole.slice(0, at) + added + whole.slice(at + lost), text),
    );
}

const small = fc.uint8Array({ maxLength: 125 });

const control: fc.Arbitrary<Buffer> = fc
  .oneof(
    { weight: 30, arbitrary: fc.tuple(fc.constantFrom(opcodes.ping, opcodes.pong), fc.string({ maxLength: 20 })) },
    { weight: 1, arbitrary: fc.tuple(fc.constant(opcodes.close), small) },
  )
  .map(([opcode, content]) => clientFrame({ opcode, payload: content }));

/** A message in fragments, with a ping between two of them. */
const fragmented = (message: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc.tuple(message, fc.array(fc.nat(300), { minLength: 1, maxLength: 5 })).map(([text, cuts]) => {
    const bytes = Buffer.from(text);
    const places = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length];
    const frames = places.slice(1).map((end, index): ClientFrame => ({
      opcode: index === 0 ? opcodes.text : opcodes.continuation,
      payload: bytes.subarray(places[index], end),
      fin: index === places.length - 2,
    }));
    const ping = clientFrame({ opcode: opcodes.ping, payload: "between" });
    return Buffer.concat(
      frames.flatMap((frame, index) => (index === 1 ? [ping, clientFrame(frame)] : [clientFrame(frame)])),
    );
  });

/** A frame in which single bytes were changed, lost or added. */
const mutated = (legal: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      legal,
      fc.array(fc.tuple(fc.nat(2_000), fc.nat(255), fc.constantFrom(0, 1, 2)), { minLength: 1, maxLength: 3 }),
    )
    .map(([frame, changes]) => {
      let bytes = frame;
      for (const [place, byte, what] of changes) {
        // Half of all changes are in the header, where they matter most.
        const at = place % 2 === 0 ? (place / 2) % Math.min(8, bytes.length) : place % bytes.length;
        const rest = bytes.subarray(what === 2 ? at : at + 1);
        bytes = Buffer.concat([bytes.subarray(0, at), what === 1 ? Buffer.alloc(0) : Buffer.of(byte), rest]);
        if (bytes.length === 0) return frame;
      }
      return bytes;
    });

const random: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: "binary" }).map(textFrame),
  fc.jsonValue().map((value) => textFrame(JSON.stringify(value))),
);

/** What a client sends in one go, frame by frame: most of it legal, so that the rest meets a server in every state. */
export function arbitraryFrames(dialect: DialectModel): fc.Arbitrary<Buffer[]> {
  const message = messagesOf(dialect);
  const legal = fc.oneof(
    { weight: 10, arbitrary: message.map(textFrame) },
    { weight: 2, arbitrary: control },
    { weight: 1, arbitrary: fragmented(message) },
  );
  return fc.array(
    fc.oneof(
      { weight: 100, arbitrary: legal },
      { weight: 2, arbitrary: mutated(legal) },
      { weight: 1, arbitrary: random },
    ),
    { minLength: 5, maxLength: 35, size: "max" },
  );
}
