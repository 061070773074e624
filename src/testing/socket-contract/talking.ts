import type { Chapter } from "../contract-suite.ts";
import type { Connection, Stage } from "./stage.ts";

export const talking: Chapter<Stage> = {
  name: "talking",
  cases: [
    {
      name: "has its client's address, url and headers, also after the end",
      async run(stage) {
        const connection = await stage.connect();
        const { address, headers, url } = connection.client.introduction;
        const known = (): unknown => {
          const { peer } = connection.socket;
          const values = Object.keys(headers).map((name) => [name, peer.header(name)]);
          return { address: peer.address, url: peer.url, headers: Object.fromEntries(values) };
        };
        const unknown = ["x-not-sent", "__proto__", "constructor"].map((name) => connection.socket.peer.header(name));
        stage.expect(known()).toEqual({ address, url, headers });
        stage.expect(unknown).toEqual([undefined, undefined, undefined]);
        connection.client.die();
        await stage.closed(connection);
        stage.expect(known()).toEqual({ address, url, headers });
      },
    },
    {
      name: "hands over its client's messages, whole and in order",
      async run(stage) {
        const { client, session } = await stage.connect();
        if (!client.send && !client.subscribe) throw new Error("The client can say nothing: give it send or subscribe");
        if (client.send) {
          const texts = ["one", '{"text":"ключ 🏊 \u2028"}', "x".repeat(20_000), "four"];
          for (const text of texts) await client.send(text);
          await stage.until(() => session.messages.length >= texts.length, "the texts of the client");
          stage.expect(session.messages).toEqual(texts);
        } else stage.expect(session.messages).toEqual([]);
        if (client.subscribe) {
          const queries = ["subscription { a }", 'subscription { b(text: "ключ 🏊 \u2028") }', "subscription { c }"];
          for (const [index, query] of queries.entries()) await client.subscribe(String(index), query);
          await stage.until(() => session.received.length >= queries.length, "the operations of the client");
          const asked = session.received.map((message) =>
            message.type === "subscribe" ? message.request.query : message,
          );
          stage.expect(asked).toEqual(queries);
        } else stage.expect(session.received).toEqual([]);
      },
    },
    {
      name: "is re-entrant: its session may write and close from inside a call",
      async run(stage) {
        const connection = await stage.connect();
        const { client, session, socket } = connection;
        session.react = (told) => {
          if (told !== "closed") session.write('"last"');
          socket.close(4400, "Bad request");
          session.write('"too late"');
          socket.ping();
        };
        await speak(connection);
        const { code } = await stage.closed(connection);
        stage.expect(code).toBe(4400);
        await stage.within(client.ended, "the client's end");
        await stage.arrived(connection, [session.whole('"last"')]);
      },
    },
  ],
};

/** Makes the client send a message that reaches its session. */
async function speak({ client, socket }: Connection): Promise<void> {
  if (client.send) await client.send("text");
  else if (client.subscribe) await client.subscribe("1", "subscription { a }");
  else socket.ping();
}
