import { expect } from "vitest";
import type { Fanfare } from "fanfare";
import type { Dialect } from "fanfare/contract";
import { LocalSocket, turns, type Disconnection } from "fanfare/testing";

/** Actions of a test beside the client's messages, by their names in a transcript. */
export type Happenings = Readonly<Record<string, () => unknown>>;

/**
 * Plays a transcript line by line on a connection of its own. All messages of the server must be in the transcript, in
 * that order, and no other message may arrive before the next line of another kind. Consecutive lines of the client are
 * sent at once.
 *
 * - `C> {"type":"init"}`: the client sends this text.
 * - `S> {"type":"init_success"}`: the server sends this JSON. A string that ends with `…` stands for any with that
 *   prefix.
 * - `S> close 1011`: the server ends the connection.
 * - `!> publish`: calls the action of that name. Pings are answered by then, as WebSocket libraries do.
 * - `C> close`: the client closes the connection.
 */
export async function play(
  fanfare: Pick<Fanfare, "accept">,
  dialect: Dialect,
  transcript: string,
  happenings: Happenings = {},
): Promise<void> {
  const received: string[] = [];
  const closed = ({ code, reason }: Disconnection): void => {
    received.push(`close ${code}`);
    handler.closed(code, reason);
  };
  const peer = { address: "127.0.0.1", url: "/graphql", header: () => undefined };
  const socket = new LocalSocket(peer, (text) => received.push(text), closed);
  const handler = fanfare.accept(socket, dialect);

  let before = "";
  for (const { who, what } of linesOf(transcript)) {
    if (who === "S") {
      await arrived(received);
      expectSame(received.shift(), what);
    } else {
      if (who !== "C" || before !== "C") await assertQuiet(received);
      if (who === "!") {
        handler.alive();
        await happening(happenings, what)();
      } else if (what === "close") handler.closed(1001, "");
      else handler.message(what);
    }
    before = who;
  }
  await assertQuiet(received);
  socket.terminate();
}

async function assertQuiet(received: readonly string[]): Promise<void> {
  await turns(5);
  expect(received).toEqual([]);
}

function linesOf(transcript: string): { readonly who: string; readonly what: string }[] {
  const lines = transcript.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const [, who = "", what = ""] = /^([CS!])> (.*)$/.exec(line) ?? [];
      if (who === "") throw new TypeError(`Not a line of a transcript: ${line}`);
      return { who, what };
    });
}

function happening(happenings: Happenings, name: string): () => unknown {
  const found = new Map(Object.entries(happenings)).get(name);
  if (!found) throw new TypeError(`There is no happening "${name}"`);
  return found;
}

async function arrived(received: readonly string[]): Promise<void> {
  for (let turn = 0; turn < 200 && received.length === 0; turn += 1) await turns(1);
}

function expectSame(received: string | undefined, expected: string): void {
  if (received === undefined || expected.startsWith("close ")) expect(received).toBe(expected);
  else expect(received.startsWith("close ") ? received : JSON.parse(received)).toEqual(pattern(JSON.parse(expected)));
}

/** The pattern of a JSON value: strings that end with `…` stand for any with that prefix. */
function pattern(value: unknown): unknown {
  if (typeof value === "string") return value.endsWith("…") ? beginning(value.slice(0, -1)) : value;
  if (Array.isArray(value)) return value.map(pattern);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, pattern(child)]));
}

function beginning(text: string): unknown {
  return expect.stringMatching(new RegExp(`^${text.replaceAll(/[^\w\s]/g, "\\$&")}`));
}
