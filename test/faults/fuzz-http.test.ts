import { connect } from "node:net";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holds } from "../property-runs.ts";
import { arbitraryBytes, arbitraryRequest, bytesOf, type HttpRequest } from "./arbitrary-request.ts";
import { expectedOf } from "./models/http-model.ts";
import { Scene } from "./scene.ts";
import { tickerSchema } from "./ticker.ts";

/** Requests that are made at the same time. */
const together = 25;
/** Twenty thousand requests, of which half have wrong bytes. */
const rounds = 400;
const mostGrowth = 16 * 1_048_576;
const schema = tickerSchema();

/** PROTOCOL 7.7, and 431 and 505 of Node itself. */
const statuses = ["200", "201", "400", "403", "404", "405", "406", "408", "413", "415", "431", "505"];

/** Sends bytes, and answers what came back when that is all or is enough. */
async function answerTo(port: number, bytes: Buffer, isEnough: (answer: string) => boolean): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const over = Promise.withResolvers<void>();
  let received = "";
  socket.on("data", (data) => {
    received += data.toString("latin1");
    if (isEnough(received)) over.resolve();
  });
  for (const event of ["end", "error", "close"]) socket.on(event, () => over.resolve());
  socket.write(bytes);
  await over.promise;
  socket.destroy();
  return received;
}

/** What is wrong with the answer to a request. */
async function objectionTo(port: number, request: HttpRequest): Promise<string | undefined> {
  const expected = expectedOf(schema, request);
  const isEndless = "outcome" in expected && expected.type === "stream" && expected.outcome === "events";
  const answer = await answerTo(port, bytesOf(request), (text) => isEndless && /\r\n\r\n[^]*\n:/.test(text));
  const told = `${JSON.stringify(request)}: ${JSON.stringify(expected)}: ${answer}`;
  const status = Number(answer.split(" ")[1]);
  const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
  if ("statuses" in expected) {
    if (!expected.statuses.includes(status)) return told;
    return status === 201 || body.includes('{"errors":[{"message":') ? undefined : told;
  }
  if (status !== 200) return told;
  const events = [...body.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name).join();
  const hasErrors = body.includes('{"errors":[');
  if (expected.outcome === "events") return events === "" || events.startsWith("next") ? undefined : told;
  if (hasErrors !== (expected.outcome === "error")) return told;
  return expected.type === "json" || events === "next,complete" ? undefined : told;
}

/** What is wrong with the answer to anything. A client that has sent half a request says that this is all. */
async function objectionToBytes(port: number, bytes: Buffer): Promise<string | undefined> {
  const rest = Buffer.from("\r\n\r\n");
  const answer = await answerTo(port, Buffer.concat([bytes, rest, rest]), (text) => text.includes("\r\n\r\n"));
  const status = answer.split(" ")[1] ?? "";
  return answer === "" || statuses.includes(status) ? undefined : `${bytes.toString("latin1")}: ${answer}`;
}

describe("Whatever is asked by HTTP", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open({
      limits: { reservations: 1_000_000, reservationsPerAddress: 1_000_000, reservationMilliseconds: 50 },
    });
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  /** By how many bytes a server grows that is asked these things, to which there is no objection. */
  async function growthBy<Asked>(
    asked: fc.Arbitrary<Asked>,
    objection: (port: number, asked: Asked) => Promise<string | undefined>,
  ): Promise<number> {
    const property = fc.asyncProperty(
      fc.array(asked, { minLength: together, maxLength: together, size: "max" }),
      async (all) => {
        const [objections] = await Promise.all([
          Promise.all(all.map((each) => objection(scene.port, each))),
          scene.server.ask("publish", "lobby", 5, 1),
        ]);
        expect(objections.filter((each) => each !== undefined)).toEqual([]);
      },
    );
    const before = await scene.server.ask("memory");
    await holds(property, rounds);
    await scene.serves();
    await scene.cleared();
    return (await scene.server.ask("memory")) - before;
  }

  it("has the answer that it should have, and nobody else notices", async () => {
    expect(await growthBy(arbitraryRequest, objectionTo)).toBeLessThan(mostGrowth);
  }, 1_800_000);

  it("has an answer of the table, even where its bytes make no sense", async () => {
    expect(await growthBy(arbitraryBytes, objectionToBytes)).toBeLessThan(mostGrowth);
  }, 1_800_000);
});
