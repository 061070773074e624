import * as fc from "fast-check";
import { clientFrame, messageFrame, opcodes, textFrame, type ClientFrame } from "./frame.ts";

/** An object that is so many levels deep. */
function nested(depth: number): object {
  return depth === 1 ? {} : { a: nested(depth - 1) };
}

const ids = fc.constantFrom("1", "2", "3", "4", "5", "6", "__proto__", "constructor", "€", "x".repeat(64));
const wrongIds = fc.constantFrom<unknown>("", 1, null, {}, [], "x".repeat(65), "€".repeat(22));

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

/** Messages of the protocol: right ones, wrong ones, and right ones at the wrong time. */
const message: fc.Arbitrary<object> = fc.oneof(
  { weight: 40, arbitrary: fc.record({ type: fc.constantFrom("ping", "pong"), payload }) },
  { weight: 80, arbitrary: fc.record({ type: fc.constant("subscribe"), id: ids, payload: request }) },
  { weight: 80, arbitrary: fc.record({ type: fc.constant("complete"), id: ids }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("connection_init"), payload }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom("subscribe", "complete"), id: wrongIds, payload: request }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("next", "error", "start", "", 1), id: ids, payload }) },
);

const small = fc.uint8Array({ maxLength: 125 });

const control: fc.Arbitrary<Buffer> = fc
  .oneof(
    { weight: 30, arbitrary: fc.tuple(fc.constantFrom(opcodes.ping, opcodes.pong), fc.string({ maxLength: 20 })) },
    { weight: 1, arbitrary: fc.tuple(fc.constant(opcodes.close), small) },
  )
  .map(([opcode, content]) => clientFrame({ opcode, payload: content }));

/** A message in fragments, with a ping between two of them. */
const fragmented: fc.Arbitrary<Buffer> = fc
  .tuple(message, fc.array(fc.nat(300), { minLength: 1, maxLength: 5 }))
  .map(([content, cuts]) => {
    const bytes = Buffer.from(JSON.stringify(content));
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

const legal: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 10, arbitrary: message.map(messageFrame) },
  { weight: 2, arbitrary: control },
  { weight: 1, arbitrary: fragmented },
);

/** A frame in which single bytes were changed, lost or added. */
const mutated: fc.Arbitrary<Buffer> = fc
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
export const arbitraryFrames: fc.Arbitrary<Buffer[]> = fc.array(
  fc.oneof({ weight: 100, arbitrary: legal }, { weight: 2, arbitrary: mutated }, { weight: 1, arbitrary: random }),
  { minLength: 5, maxLength: 35, size: "max" },
);
