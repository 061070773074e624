import { BareClient } from "./bare-client.ts";
import { excessive } from "./corpus.ts";
import { clientFrame, messageFrame, opcodes } from "./frame.ts";
import { read } from "./frame-reader.ts";
import type { DialectModel } from "./models/dialect-model.ts";
import { ProtocolModel } from "./models/protocol-model.ts";
import { tickerSchema } from "./ticker.ts";

/**
 * Where a connection stands: just opened; with an init that is never decided about; with an init before everything else;
 * acknowledged.
 */
export const starts = ["open", "held", "init", "ready"] as const;

/** What a client sends in one go, without regard to what it is told. */
export interface OneSided {
  readonly start: (typeof starts)[number];
  readonly frames: readonly Buffer[];
  /** Where it pauses for a turn. */
  readonly cut: number;
}

const schema = tickerSchema();
const last = "the last thing";
const mostReason = 123;

/** What is wrong with the answers of a server. */
export async function objectionTo(
  port: number,
  protocol: DialectModel,
  { start, frames, cut }: OneSided,
): Promise<string | undefined> {
  const bytes = Buffer.concat([...frames, clientFrame({ opcode: opcodes.ping, payload: last })]);
  const state = start === "init" ? "open" : start;
  const model = new ProtocolModel({ dialect: protocol, schema, state, excessive });
  const beginning = beginningOf(protocol, start);
  const whole = start === "init" ? Buffer.concat([beginning, bytes]) : bytes;
  for (const heard of read(whole)) model.hear(heard);

  using client =
    start === "ready" ? await BareClient.ready(port, { protocol }) : await BareClient.open(port, { protocol });
  client.write(beginning);
  client.write(bytes.subarray(0, cut % bytes.length));
  if (cut > 0) await new Promise((resolve) => setImmediate(resolve));
  client.write(bytes.subarray(cut % bytes.length));
  const hangs = model.closing === undefined && model.frames.at(-1) !== last;
  // The server waits for the rest of a frame, so it is told that there is none.
  if (hangs) client.socket.end();
  const isOver = (): boolean =>
    client.ended || client.closing !== undefined || (client.pongs.includes(last) && model.closing === undefined);
  await client.until(isOver, "an end");
  const goesOn = !hangs && client.closing === undefined && !client.ended;
  if (goesOn) await answered(client, model);
  return (
    model.objection(client.messages, goesOn) ??
    objectionToFrames(model, client.pongs) ??
    (goesOn || hangs ? undefined : objectionToClose(model, client.closing))
  );
}

function beginningOf({ words }: DialectModel, start: OneSided["start"]): Buffer {
  if (start === "held") return messageFrame({ type: words.init, payload: { held: true } });
  return start === "init" ? messageFrame({ type: words.init }) : Buffer.alloc(0);
}

/** Resolves when everything has come that is due, or nothing more will. */
async function answered(client: BareClient, model: ProtocolModel): Promise<void> {
  try {
    await client.until(() => model.objection(client.messages, true) === undefined || client.ended, "all answers");
  } catch (error) {
    throw new Error(model.objection(client.messages, true), { cause: error });
  }
}

function objectionToFrames({ frames }: ProtocolModel, pongs: readonly string[]): string | undefined {
  const expected = frames.slice(0, pongs.length);
  return JSON.stringify(pongs) === JSON.stringify(expected) ? undefined : `other pong frames than ${frames.join()}`;
}

function objectionToClose(
  { closing, closings }: ProtocolModel,
  closed: { readonly code: number; readonly reason: string } | undefined,
): string | undefined {
  const { code, reason = "" } = closed ?? {};
  if (Buffer.byteLength(reason) > mostReason) return `the close reason ${reason}`;
  if (code !== undefined && (code === closing || closings.has(code))) return undefined;
  return `the close code ${code} instead of ${[closing, ...closings].join()}`;
}
