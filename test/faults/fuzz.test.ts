import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holds } from "../property-runs.ts";
import { arbitraryFrames } from "./arbitrary-frames.ts";
import { BareClient } from "./bare-client.ts";
import { clientFrame, messageFrame, opcodes } from "./frame.ts";
import { read } from "./frame-reader.ts";
import { ProtocolModel } from "./protocol-model.ts";
import { Scene } from "./scene.ts";
import { tickerSchema } from "./ticker.ts";

/** Where the connection stands: just opened, with an init before everything else, or acknowledged. */
type Start = "open" | "init" | "ready";

/** Of about twenty frames each. */
const connections = 1_000;
const schema = tickerSchema();
const last = "the last thing";

describe("Whatever a client sends", () => {
  let scene: Scene;
  const fuzzing = new AbortController();
  let publishing: Promise<void>;

  beforeAll(async () => {
    scene = await Scene.open();
    publishing = publish();
  });

  afterAll(async () => {
    fuzzing.abort();
    await publishing;
    await scene[Symbol.asyncDispose]();
  });

  /** Events flow all the time. */
  async function publish(): Promise<void> {
    while (!fuzzing.signal.aborted) await scene.server.ask("publish", "lobby", 5, 1);
  }

  async function objectionTo(start: Start, frames: readonly Buffer[], cut: number): Promise<string | undefined> {
    const ready = start === "ready";
    const init = start === "init" ? [messageFrame({ type: "connection_init" })] : [];
    const bytes = Buffer.concat([...init, ...frames, clientFrame({ opcode: opcodes.ping, payload: last })]);
    const model = new ProtocolModel(schema, ready);
    for (const heard of read(bytes)) model.hear(heard);

    using client = ready ? await BareClient.ready(scene.port) : await BareClient.open(scene.port);
    client.write(bytes.subarray(0, cut % bytes.length));
    await new Promise((resolve) => setImmediate(resolve));
    client.write(bytes.subarray(cut % bytes.length));
    const hangs = model.closing === undefined && model.frames.at(-1) !== last;
    // The server waits for the rest of a frame, so it is told that there is none.
    if (hangs) client.socket.end();
    const isOver = (): boolean =>
      client.ended || client.closing !== undefined || (client.pongs.includes(last) && model.closing === undefined);
    await client.until(isOver, "an end");
    const goesOn = !hangs && client.closing === undefined && !client.ended;
    if (goesOn) {
      await client
        .until(() => model.objection(client.messages, true) === undefined || client.ended, "all answers")
        .catch((error: unknown) => {
          throw new Error(`${model.objection(client.messages, true)}: ${String(error)}`);
        });
    }
    return (
      model.objection(client.messages, false) ??
      objectionToFrames(model, client.pongs) ??
      (goesOn || hangs ? undefined : objectionToClose(model, client.closing?.code))
    );
  }

  it("the answer is a message or a close code of the protocol, and nobody else notices", async () => {
    const property = fc.asyncProperty(
      fc.constantFrom<Start[]>("open", "init", "ready", "ready", "ready", "ready"),
      arbitraryFrames,
      fc.nat(2_000),
      async (start, frames, cut) => {
        expect(await objectionTo(start, frames, cut)).toBeUndefined();
      },
    );
    await holds(property, connections);
    fuzzing.abort();
    await publishing;
    await scene.serves();
    await scene.cleared();
  }, 300_000);
});

function objectionToFrames({ frames }: ProtocolModel, pongs: readonly string[]): string | undefined {
  const expected = frames.slice(0, pongs.length);
  return JSON.stringify(pongs) === JSON.stringify(expected) ? undefined : `other pong frames than ${frames.join()}`;
}

function objectionToClose({ closing, closings }: ProtocolModel, code: number | undefined): string | undefined {
  if (code !== undefined && (code === closing || closings.has(code))) return undefined;
  return `the close code ${code} instead of ${[closing, ...closings].join()}`;
}
