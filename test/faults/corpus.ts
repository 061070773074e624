import { clientFrame, messageFrame, opcodes, textFrame } from "./frame.ts";
import type { DialectModel } from "./models/dialect-model.ts";

const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const times = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(" ");
const deep = (depth: number): string =>
  `query A0 { hi __schema { queryType { ${"ofType { ".repeat(depth - 3)} name ${"} ".repeat(depth)}`;
const costly = (fields: string): string =>
  `fragment A on Query { hi } fragment B on Query { ${times(100, () => "...A")} } query A0 { ${fields} }`;
const skipped = (field: string, count: number): string => times(count, () => `... @skip(if: false) { ${field} }`);

/** Documents that are at a limit of PROTOCOL 6.3, and such as are just over it. A0 is the operation that is meant. */
const documents: Readonly<Record<string, { readonly at: string; readonly over: string }>> = {
  characters: { at: "query A0 { hi }".padEnd(15_000), over: "query A0 { hi }".padEnd(15_001) },
  tokens: {
    at: times(200, (index) => `query A${index} { hi }`),
    over: `${times(199, (index) => `query A${index} { hi }`)} query Last { hi held }`,
  },
  depth: { at: deep(20), over: deep(21) },
  aliases: {
    at: `query A0 { ${times(15, (index) => `a${index}: hi`)} }`,
    over: `query A0 { ${times(16, (index) => `a${index}: hi`)} }`,
  },
  directives: {
    at: `query A0 { ${skipped("hi", 25)} ${skipped("held", 25)} }`,
    over: `query A0 { ${skipped("hi", 25)} ${skipped("held", 26)} }`,
  },
  cost: { at: costly(times(50, () => "...B")), over: costly(`hi ${times(50, () => "...B")}`) },
  repeats: { at: `query A0 { ${times(30, () => "hi")} }`, over: `query A0 { ${times(31, () => "hi")} }` },
};

/** Documents that are over a limit, which no other rule of GraphQL forbids. */
export const excessive: ReadonlySet<string> = new Set(Object.values(documents).map(({ over }) => over));

const subscription = { query: 'subscription { ticks(room: "lobby") { n } }' };
const query = { query: "{ hi }" };
const wrong = { query: "{ nothing }" };

const texts: Readonly<Record<string, string>> = {
  "no JSON": "hello",
  nothing: "",
  "half of an object": '{"type":"',
  null: "null",
  "a number": "1",
  "a string": '"ping"',
  "a boolean": "true",
  "an array": "[]",
  "an array of messages": '[{"type":"connection_init"}]',
  "an object that is empty": "{}",
  "a type that is a number": '{"type":1,"id":"1"}',
  "a type that is null": '{"type":null,"id":"1"}',
  "a type that is an object": '{"type":{"toString":"start"},"id":"1"}',
  "a type that every object has": '{"type":"constructor","id":"1"}',
  "a type that is a prototype": '{"type":"__proto__","id":"1"}',
  "a type of 200 characters": JSON.stringify({ type: "x".repeat(200) }),
  "a type that breaks where a reason is cut": JSON.stringify({ type: `${"x".repeat(20)}${"🏊".repeat(60)}` }),
  "a key that changes prototypes": '{"type":"start","id":"1","payload":{"__proto__":{}}}',
  "100,000 arrays": "[".repeat(100_000),
  "100,000 arrays, closed again": `{"type":"start","id":"1","payload":${nested(100_000)}}`,
  "100,000 objects": '{"a'.repeat(80_000),
  "60,000 arrays": `{"type":"start","id":"1","payload":${nested(30_000)}}`,
  "a payload of 70 KB": JSON.stringify({ type: "start", id: "1", payload: "x".repeat(70_000) }),
};

const ids: readonly unknown[] = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "0",
  "",
  0,
  1,
  -1,
  0.5,
  1e21,
  2 ** 53,
  null,
  true,
  {},
  [],
  ["1"],
  "x".repeat(62),
  "x".repeat(64),
  "x".repeat(65),
  "x".repeat(200),
  "€".repeat(20),
  "€".repeat(22),
  "🏊",
  "\ud800",
  "\u0000\u001f",
  "\u2028",
  '"',
  "\\",
];

/** What was found once, or is known to break servers: tried in every dialect and in every state of a connection. */
export function corpus(dialect: DialectModel): Readonly<Record<string, readonly Buffer[]>> {
  const { words } = dialect;
  const start = (id: unknown, request: object): Buffer => messageFrame(dialect.start(id, request));
  const stop = (id: unknown): Buffer => messageFrame({ type: words.stop, id });
  const init = messageFrame({ type: words.init });
  return {
    ...mapped(texts, (text) => [textFrame(text)]),
    ...named(ids, "the id", (id) => [start(id, subscription), start("other", query), stop(id), start(id, query)]),
    ...named(ids, "the end of", (id) => [stop(id), start("other", query)]),
    "an id that no number is": [textFrame(JSON.stringify(dialect.start("∞", subscription)).replace('"∞"', "1e999"))],
    "no id": [messageFrame({ ...dialect.start("1", query), id: undefined }), messageFrame({ type: words.stop })],
    "no request": [messageFrame({ type: words.start, id: "1" }), start("1", {}), start("1", query)],
    "an id again while it is started": [start("1", subscription), start("1", subscription)],
    "an id again that is about to be answered": [start("1", query), start("1", query)],
    "an id again that fails": [start("1", wrong), start("1", wrong)],
    "an id again after its end": [start("1", subscription), stop("1"), start("1", query), stop("1"), stop("1")],
    "an id again in every way": [subscription, query, wrong, subscription, subscription].map((each) =>
      start("1", each),
    ),
    "an id of which a reason is too long": [start("€".repeat(21), subscription), start("€".repeat(21), query)],
    "an init": [init],
    "two inits": [init, init],
    "an init after starts": [start("1", subscription), start("1", query), stop("2"), init, start("3", query)],
    "an init with a payload of text": [messageFrame({ type: words.init, payload: "x" })],
    "an init with a payload of a list": [messageFrame({ type: words.init, payload: [] })],
    "an init with no payload to speak of": [messageFrame({ type: words.init, payload: null })],
    "a character broken across fragments": [
      clientFrame({ opcode: opcodes.text, payload: Buffer.from('{"type":"\u00e9').subarray(0, 10), fin: false }),
      clientFrame({ opcode: opcodes.continuation, payload: '("}' }),
    ],
    "a character whole across fragments": [
      clientFrame({ opcode: opcodes.text, payload: Buffer.from('{"type":"\u00e9').subarray(0, 10), fin: false }),
      clientFrame({ opcode: opcodes.continuation, payload: Buffer.from('\u00e9"}').subarray(1) }),
    ],
    "a character that is cut off": [clientFrame({ opcode: opcodes.text, payload: Uint8Array.of(0xe2, 0x82) })],
    "a binary message": [clientFrame({ opcode: opcodes.binary, payload: "{}" })],
    "a close with a reason of 124 bytes": [closeFrame("x".repeat(124))],
    "a close with a reason of 123 bytes": [closeFrame("x".repeat(123))],
    "a close with half a character": [closeFrame(Buffer.of(0xe2, 0x82))],
    ...mapped(documents, ({ at }) => [start("1", { query: at, operationName: "A0" })], "a document at the limit of"),
    ...mapped(documents, ({ over }) => [start("1", { query: over, operationName: "A0" })], "a document over"),
    "types of other dialects": dialect.others.unknown.map((type) =>
      messageFrame({ type, id: "1", ...query, payload: query }),
    ),
  };
}

function closeFrame(reason: string | Uint8Array): Buffer {
  return clientFrame({ opcode: opcodes.close, payload: Buffer.concat([Buffer.of(0x03, 0xe8), Buffer.from(reason)]) });
}

type Cases = Readonly<Record<string, readonly Buffer[]>>;

function mapped<Value>(
  values: Readonly<Record<string, Value>>,
  frames: (value: Value) => readonly Buffer[],
  what: string = "",
): Cases {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${what} ${name}`.trim(), frames(value)]));
}

function named(values: readonly unknown[], what: string, frames: (value: unknown) => readonly Buffer[]): Cases {
  return Object.fromEntries(values.map((value) => [`${what} ${JSON.stringify(value)}`, frames(value)]));
}
