import type { Chapter } from "../contract-suite.ts";
import type { RecordedSession } from "./recorded-session.ts";
import type { Stage } from "./stage.ts";

export const backPressure: Chapter<Stage> = {
  name: "back-pressure",
  cases: [
    {
      name: "is not blocked while its client reads",
      async run(stage) {
        const connection = await stage.connect();
        stage.expect(connection.socket.blocked).toBe(false);
        for (let round = 0; round < 20; round += 1) {
          connection.session.write(`"${round}"`);
          stage.expect(connection.socket.blocked).toBe(false);
          await stage.until(() => connection.client.messages.length > round, "a message");
        }
      },
    },
    {
      name: "is blocked while its client does not read, and calls `drained` afterwards",
      async run(stage) {
        const connection = await stage.connect();
        const { client, session, socket } = connection;
        client.pause();
        const sent = await stage.fill(connection);
        const before = session.drains;
        await stage.settle();
        stage.expect([socket.blocked, session.drains]).toEqual([true, before]);
        client.resume();
        await stage.until(() => session.drains > before, "word that the socket has been drained");
        await stage.arrived(connection, sent);
        stage.expect(socket.blocked).toBe(false);
      },
    },
    {
      name: "does not delay other clients for a client that does not read",
      async run(stage) {
        const [slow, quick] = [await stage.connect(), await stage.connect()];
        slow.client.pause();
        await stage.fill(slow);
        await stage.arrived(quick, quick.session.write('"quick"', '"and again"'));
        stage.expect([slow.socket.blocked, quick.socket.blocked]).toEqual([true, false]);
      },
    },
    {
      name: "reads nothing while its session has paused it, and then everything, in order",
      async run(stage) {
        const { client, session, socket } = await stage.connect();
        const texts = ["one", "x".repeat(20_000), "three"];
        socket.pause?.();
        if (socket.pause && client.send) for (const text of texts) await client.send(text);
        await stage.settle();
        stage.expect(session.messages).toEqual([]);
        socket.resume?.();
        if (socket.pause && client.send) {
          await stage.until(() => session.messages.length >= texts.length, "the texts of the client");
          stage.expect(session.messages).toEqual(texts);
        }
      },
    },
    {
      name: "closes as ever while its session has paused it",
      async run(stage) {
        const connection = await stage.connect();
        connection.socket.pause?.();
        connection.socket.close(4400, "Bad request");
        const { code } = await stage.closed(connection);
        stage.expect(code).toBe(4400);
        await stage.within(connection.client.ended, "the client's end");
      },
    },
    {
      name: "calls `alive` when its client answers a ping, and hands over no message",
      async run(stage) {
        const { client, session, socket } = await stage.connect();
        await stage.settle();
        const before = heard(session);
        stage.expect(session.lifeSigns).toBe(0);
        for (let pings = 1; pings < 4; pings += 1) {
          socket.ping();
          await stage.until(() => session.lifeSigns >= pings, "an answer to a ping");
        }
        stage.expect([client.messages, heard(session)]).toEqual([[], before]);
      },
    },
    {
      name: "does not call `alive` for a client that does not read, until it does",
      async run(stage) {
        const connection = await stage.connect();
        const { client, session, socket } = connection;
        client.pause();
        await stage.fill(connection);
        socket.ping();
        await stage.settle();
        stage.expect(session.lifeSigns).toBe(0);
        client.resume();
        await stage.until(() => session.lifeSigns > 0, "an answer to the ping");
      },
    },
  ],
};

function heard({ messages, received }: RecordedSession): number {
  return messages.length + received.length;
}
