import { systemClock } from "../../src/base/clock.ts";
import type { Accept } from "../../src/contract/socket.ts";
import { eventStream, singleEventStream } from "../../src/dialects/event-stream.ts";
import { decodeRequest } from "../../src/dialects/request.ts";
import type { SocketClient } from "../../src/testing/socket-contract.ts";
import { EventStreams } from "../../src/transports/event-stream/event-stream.ts";
import { FetchExchange } from "../../src/transports/exchange/fetch.ts";
import { eventStreamServer, streamHeaders, type Answer } from "../transports/event-stream-server.ts";
import { recordedLog } from "../transports/websocket-server.ts";
import { EventReader } from "./event-reader.ts";

const url = "/graphql?garage=1";
const headers = { "x-garage": "two words, and more" };
const introduction = { address: "127.0.0.1", url, headers };
const body = { query: "subscription { a }" };

/** Opens a response with one operation, on a server of its own. */
export async function openDistinctStream(accept: Accept): Promise<SocketClient> {
  const server = await eventStreamServer({ accept });
  const answer = await server.send({ path: url, headers: { ...streamHeaders, ...headers }, body });
  return streamEnd(answer, () => server[Symbol.asyncDispose]());
}

/** Opens a response with many operations, on a server of its own. */
export async function openSingleStream(accept: Accept): Promise<SocketClient> {
  const server = await eventStreamServer({ accept });
  const reserved = await server.send({ method: "PUT", path: url, headers });
  const token = await reserved.whole();
  const opening = { ...streamHeaders, "x-graphql-event-stream-token": token };
  const answer = await server.send({ method: "GET", path: url, headers: opening });
  return {
    ...streamEnd(answer, () => server[Symbol.asyncDispose]()),
    async subscribe(id, query) {
      const asking = { "content-type": "application/json", "x-graphql-event-stream-token": token };
      const asked = { query, extensions: { operationId: id } };
      await (await server.send({ path: url, headers: asking, body: asked })).whole();
    },
  };
}

function streamEnd({ response, text }: Answer, close: () => PromiseLike<void>): SocketClient {
  const reader = new EventReader();
  reader.take(text);
  response.on("data", (piece: string) => reader.take(piece));
  return {
    introduction,
    messages: reader.events,
    ended: new Promise((resolve) => response.once("close", () => resolve({}))),
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => void response.destroy(),
    die: () => void response.destroy(),
    async [Symbol.asyncDispose]() {
      response.destroy();
      await close();
    },
  };
}

/** Opens a response of the Fetch standard, in the same process. */
export async function openFetchStream(accept: Accept): Promise<SocketClient> {
  const streams = new EventStreams({
    distinct: eventStream,
    single: singleEventStream,
    request: decodeRequest,
    accept,
    clock: systemClock,
    log: recordedLog(),
  });
  const leaving = new AbortController();
  const request = new Request(`http://127.0.0.1${url}`, { method: "POST", headers, signal: leaving.signal });
  const { promise: responded, resolve: respond } = Promise.withResolvers<Response>();
  streams.distinct(new FetchExchange(request, introduction.address, respond), body, 30);
  const response = await responded;
  const reader = new PausingReader(response);
  return {
    introduction,
    messages: reader.events,
    ended: reader.ended.then(() => ({})),
    pause: () => reader.pause(),
    resume: () => reader.resume(),
    close: () => leaving.abort(),
    die: () => leaving.abort(),
    async [Symbol.asyncDispose]() {
      reader.resume();
      leaving.abort();
      await streams[Symbol.asyncDispose]();
    },
  };
}

/** Reads a body, and can be paused. */
class PausingReader extends EventReader {
  readonly ended: Promise<void>;
  #paused: PromiseWithResolvers<void> | undefined;

  constructor({ body: stream }: Response) {
    super();
    // Reading a dropped connection rejects, which is an end as well.
    this.ended = stream ? this.#read(stream).catch(() => undefined) : Promise.resolve();
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const piece of stream) {
      this.take(decoder.decode(piece, { stream: true }));
      await this.#paused?.promise;
    }
  }
}
