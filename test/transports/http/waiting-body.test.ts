import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import { fetchHandler } from "../../../src/fetch.ts";
import { httpService } from "../../../src/transports/http/service.ts";
import { decodeRequest } from "../../../src/dialects/request.ts";
import { parseJson, PlainEngine, plainHttp } from "../request-engine.ts";
import { closeServer, listenAnywhere, recordedLog } from "../websocket-server.ts";

const body = JSON.stringify({ query: "{ hi }" });
const post = { method: "POST", headers: { "content-type": "application/json" }, body };

/** An engine that tells the length of each body, and decides about it when it is told. */
class BusyEngine extends PlainEngine {
  readonly asked = Promise.withResolvers<number>();
  readonly time = Promise.withResolvers<boolean>();

  override whenTimeToRead(bytes: number): Promise<boolean> {
    this.asked.resolve(bytes);
    return this.time.promise;
  }
}

/** Sends one request to a server with this engine. */
type Ask = (engine: PlainEngine, parse: typeof parseJson) => Promise<Response>;

const byNode: Ask = async (engine, parse) => {
  const server = createServer(plainHttp({ engine, parse }));
  try {
    return await fetch(`http://127.0.0.1:${await listenAnywhere(server)}/graphql`, post);
  } finally {
    await closeServer(server);
  }
};

const byFetch: Ask = (engine, parse) => {
  const service = httpService({ engine, log: recordedLog(), parse, decode: decodeRequest });
  return fetchHandler({ service })(new Request("http://a.example/graphql", post));
};

describe.each([
  ["Node", byNode],
  ["fetch", byFetch],
])("the body of a request by %s", (_runtime, ask) => {
  it("is parsed when its turn has come, and not before", async () => {
    const engine = new BusyEngine();
    const parsed: string[] = [];
    const response = ask(engine, (text) => {
      parsed.push(text);
      return parseJson(text);
    });
    expect(await engine.asked.promise).toBe(body.length);
    expect(parsed).toEqual([]);
    engine.time.resolve(true);
    expect(await (await response).json()).toEqual({ data: { hi: "hi you" } });
    expect(parsed).toEqual([body]);
  });

  it("is not parsed where there is no memory for it, and the client is to try again", async () => {
    const engine = new BusyEngine();
    engine.time.resolve(false);
    const response = await ask(engine, () => {
      throw new Error("It was parsed");
    });
    expect([response.status, await response.json()]).toEqual([
      503,
      { errors: [{ message: "Too many large requests; try again later" }] },
    ]);
  });
});
