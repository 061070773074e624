import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeCodes } from "fanfare";
import { plainCloseCode, streams, type StreamFrame } from "../../src/dialects/streams.ts";
import { play } from "./transcript.ts";
import { Users } from "./users.ts";

const frames: StreamFrame[] = [];
const dialect = streams((frame) => {
  frames.push(frame);
  return { status: 418, reason: "Short and stout" };
});

describe("Frames of the multiplexed notifications", () => {
  it("are refused with the reason of the channel's keeper and the requested action (S2-W7)", async () => {
    await using users = new Users();
    await play(
      users.fanfare,
      dialect,
      `C> {"stream":"users","payload":{"action":"list","data":{},"request_id":"1"}}
       S> {"stream":"users","payload":{"errors":["Short and stout"],"data":null,"action":"list","response_status":418,"request_id":"1"}}`,
    );
    expect(frames).toEqual([{ stream: "users", action: "list" }]);
  });

  it.each([
    ["7", null, null, "Not a JSON object"],
    ['{"__proto__":1}', null, null, 'The key "__proto__" is not allowed'],
    ['{"stream":1,"payload":{"action":"list"}}', 1, "list", '"stream" must be a string'],
    ['{"stream":"users","payload":[]}', "users", null, '"payload" must be an object'],
    ['{"stream":"users","payload":{"action":7}}', "users", 7, '"action" must be a string'],
    [`${"[".repeat(100)}${"]".repeat(100)}`, null, null, "A message may be nested at most 64 deep"],
    [`"${"x".repeat(70_000)}"`, null, null, "A message may have at most 65536 bytes"],
  ])("are answered if they are malformed: %.40s", async (text, stream, action, reason) => {
    const payload = { errors: [reason], data: null, action, response_status: 400, request_id: null };
    await using users = new Users();
    await play(users.fanfare, dialect, `C> ${text}\nS> ${JSON.stringify({ stream, payload })}`);
  });

  it("are refused, whatever they contain", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const frame = fc.record({
      stream: value,
      payload: fc.oneof(value, fc.record({ action: value, request_id: value })),
    });
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      frame.map((each) => JSON.stringify(each)),
    );
    fc.assert(
      fc.property(text, (sent) => {
        const message = dialect.decode(sent);
        const [answer] = message.type === "invalid" ? dialect.encode({ id: undefined, ...message }) : [];
        expect(JSON.parse(Buffer.from(answer ?? []).toString())).toMatchObject({ payload: { data: null } });
      }),
    );
  });

  it("never start an operation, whatever they contain", async () => {
    await using users = new Users();
    await play(
      users.fanfare,
      dialect,
      `C> {"type":"connection_init"}
       S> {"stream":null,"payload":{"errors":["\\"stream\\" must be a string"],"data":null,"action":null,"response_status":400,"request_id":null}}
       C> {"type":"subscribe","id":"1","payload":{"query":"subscription { users { id } }"}}
       S> {"stream":null,"payload":{"errors":["\\"stream\\" must be a string"],"data":null,"action":null,"response_status":400,"request_id":null}}
       !> publish`,
      users.happenings,
    );
  });
});

describe("Close codes of the multiplexed notifications", () => {
  it("are those of RFC 6455 and its registry", () => {
    const codes = Object.values(closeCodes).map(({ code }) => plainCloseCode(code));
    expect(codes.filter((code) => code >= 4000)).toEqual([]);
  });

  it("of an application are unchanged", () => {
    expect(plainCloseCode(4321)).toBe(4321);
  });
});
