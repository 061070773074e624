import type { ServerMessage } from "../../dialects/message.ts";
import type { Chapter } from "../contract-suite.ts";
import { noise, type Connection, type Stage } from "./stage.ts";

const messages: readonly ServerMessage[] = [
  { type: "opened" },
  { type: "ack", payload: undefined },
  { type: "refused", reason: "Forbidden" },
  { type: "keepAlive" },
  { type: "pong", payload: undefined },
  { type: "error", id: "1", errors: [{ message: "Too late" }] },
  { type: "complete", id: "1" },
];

/** The ways in which a connection can end. */
const endings: readonly ((connection: Connection) => void)[] = [
  ({ socket }) => socket.close(4403, "Forbidden"),
  ({ socket }) => socket.terminate(),
  ({ client }) => client.close(4499, "Terminated"),
  ({ client }) => client.die(),
];

export const closing: Chapter<Stage> = {
  name: "closing",
  cases: [
    {
      name: "delivers messages from before its close, and none from after it",
      async run(stage) {
        const connection = await stage.connect();
        const { client, session, socket } = connection;
        const expected = session.write(noise(786_432), '"last"');
        socket.close(4403, "Forbidden");
        session.write('"too late"');
        await stage.within(client.ended, "the client's end");
        await stage.arrived(connection, expected);
      },
    },
    {
      name: "closes with the code and the reason",
      async run(stage) {
        const { client, socket } = await stage.connect();
        socket.close(4403, "Forbidden: ключ");
        stage.expect(await stage.within(client.ended, "the client's end")).toEqual({
          code: 4403,
          reason: "Forbidden: ключ",
        });
      },
    },
    {
      name: "calls `closed` once, with the code and the reason of the first close",
      async run(stage) {
        const connection = await stage.connect();
        connection.socket.close(4401, "Unauthorized");
        connection.socket.close(1000, "Done");
        stage.expect(await stage.closed(connection)).toEqual({ code: 4401, reason: "Unauthorized" });
        await stage.settle();
        stage.expect(connection.session.closings.length).toBe(1);
      },
    },
    {
      name: "cuts a reason of more than 123 bytes between two characters",
      async run(stage) {
        const connection = await stage.connect();
        const cut = `a${"€".repeat(40)}`;
        connection.socket.close(4400, `a${"€".repeat(100)}`);
        stage.expect(await stage.closed(connection)).toEqual({ code: 4400, reason: cut });
        const { reason = cut } = await stage.within(connection.client.ended, "the client's end");
        stage.expect(reason).toBe(cut);
      },
    },
    {
      name: "calls `closed` with its client's code and reason",
      async run(stage) {
        const connection = await stage.connect();
        connection.client.close(4499, "Terminated");
        stage.expect(await stage.closed(connection)).toEqual({ code: 4499, reason: "Terminated" });
      },
    },
    {
      name: "calls `closed` with 1006 when its client drops the connection",
      async run(stage) {
        const connection = await stage.connect();
        connection.client.die();
        const { code } = await stage.closed(connection);
        stage.expect(code).toBe(1006);
      },
    },
    {
      name: "calls `closed` with 1006 after `terminate`, also for a client that does not read",
      async run(stage) {
        const [quick, slow] = [await stage.connect(), await stage.connect()];
        slow.client.pause();
        await stage.fill(slow);
        for (const connection of [quick, slow]) {
          connection.socket.terminate();
          const { code } = await stage.closed(connection);
          stage.expect(code).toBe(1006);
        }
      },
    },
    {
      name: "does nothing after the end, and does not throw",
      async run(stage) {
        for (const end of endings) {
          const connection = await stage.connect();
          const { session, socket } = connection;
          session.react = (told) => {
            if (told === "closed") useUp(connection);
          };
          end(connection);
          await stage.closed(connection);
          useUp(connection);
          await stage.settle();
          stage.expect(session.closings.length).toBe(1);
          stage.expect(typeof socket.blocked).toBe("boolean");
          stage.expect(connection.client.messages).toEqual([]);
        }
      },
    },
  ],
};

/** Calls each function that a session may call on its socket. */
function useUp({ session, socket }: Connection): void {
  session.write('"nobody"', noise(5_000));
  socket.ping();
  socket.pause?.();
  socket.resume?.();
  for (const message of messages) socket.says?.(message);
  socket.close(1000, "Done");
  socket.terminate();
}
