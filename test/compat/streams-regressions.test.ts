import { PGlite } from "@electric-sql/pglite";
import { describe, expect, it } from "vitest";
import { postgresOutbox } from "../../src/sources/postgres-outbox.ts";
import { Guide } from "../docs/guide.ts";
import { until } from "../faults/until.ts";
import { files, importsOf, read } from "../source-file.ts";
import { meaghan, StreamsServer, type Viewing } from "./streams-server.ts";

const renamed = { ...meaghan, first_name: "Meg" };
const notKnown = {
  ok: false,
  error: "channelId is none that you have open; take the channel_id that your WebSocket was told",
  stream: "users",
};

/** The user in a header, which a proxy could have set. */
const userOf = ({ peer }: { readonly peer?: { header(name: string): string | undefined } | undefined }) =>
  peer?.header("x-user");
const viewing = ({ connection }: { readonly connection: Parameters<typeof userOf>[0] }): Viewing => {
  const user = userOf(connection);
  return user === undefined ? {} : { user };
};
const failing = (): never => {
  throw new Error("no database");
};
const as = (user: string) => ({ headers: { "x-user": user } });

describe("A fault of the older server with streams", () => {
  it("is avoided: each subscription has its own list of fields (S2-B1)", async () => {
    await using server = await StreamsServer.open();
    const [one, other] = [await server.channel(), await server.channel()];
    await one.subscribe("UPDATE", "data: [ID, EMAIL]");
    await other.subscribe("UPDATE", "data: [USERNAME]");
    await server.changed(meaghan, { ...renamed, username: "meg", email: "meg@example.org" });
    expect(await one.rest()).toMatchObject([{ payload: { data: { id: 5, email: "meg@example.org" } } }]);
    expect(await other.rest()).toMatchObject([{ payload: { data: { username: "meg" } } }]);
  });

  it("is avoided: a later subscription without a list gets all fields (S2-B1)", async () => {
    await using server = await StreamsServer.open();
    await (await server.channel()).subscribe("UPDATE", "data: [ID]");
    const later = await server.channel();
    await later.subscribe("UPDATE");
    await server.changed(meaghan, renamed);
    const data = { id: 5, username: "meaghan90", first_name: "Meg", email: "m@example.org" };
    expect(await later.rest()).toMatchObject([{ payload: { data } }]);
  });

  it.each(["SUBSCRIBE", "UNSUBSCRIBE"])(
    "is avoided: a client that learns another's channel id cannot %s (S2-B2)",
    async (operation) => {
      await using server = await StreamsServer.open({ streams: { owner: userOf } });
      const ada = await server.channel(as("ada"));
      await ada.subscribe("UPDATE");
      const query = `subscription { userSubscription(operation: ${operation}, action: UPDATE, channelId: "${ada.channelId}", data: [ID]) { ok error stream } }`;
      for (const headers of [{ "x-user": "bob" }, {}]) {
        const answer = await server.post(query, headers);
        expect(await answer.json()).toEqual({ data: { userSubscription: notKnown } });
      }
      await server.changed(meaghan, renamed);
      const data = { id: 5, username: "meaghan90", first_name: "Meg", email: "m@example.org" };
      expect(await ada.rest()).toMatchObject([{ payload: { data } }]);
    },
  );

  it("is avoided: a channel's owner is the address, unless the option `owner` gives another (S2-B2)", async () => {
    await using server = await StreamsServer.open({ fanfare: { trustProxy: 1 } });
    const client = await server.channel({ headers: { "x-forwarded-for": "192.0.2.1" } });
    const query = `subscription { userSubscription(operation: SUBSCRIBE, action: UPDATE, channelId: "${client.channelId}") { ok } }`;
    const ask = async (address: string) => (await server.post(query, { "x-forwarded-for": address })).json();
    expect(await ask("192.0.2.2")).toEqual({ data: { userSubscription: { ok: false } } });
    expect(await ask("192.0.2.1")).toEqual({ data: { userSubscription: { ok: true } } });
  });

  it("is avoided: code in the process without a viewer cannot use a channel (S2-B2)", async () => {
    await using server = await StreamsServer.open({ streams: { owner: userOf } });
    const nameless = await server.channel();
    expect(await nameless.ask("SUBSCRIBE", "UPDATE")).toEqual(notKnown);
  });

  it("is avoided: a subscription needs the permission of `permits` (S2-B3)", async () => {
    const asked: unknown[] = [];
    await using server = await StreamsServer.open({
      streams: {
        permits: (request, client) => {
          asked.push(request);
          return userOf(client) === "ada";
        },
      },
    });
    const [ada, bob] = [await server.channel(as("ada")), await server.channel(as("bob"))];
    expect(await ada.ask("SUBSCRIBE", "ALL_ACTIONS", "id: 5")).toMatchObject({ ok: true });
    expect(await bob.ask("SUBSCRIBE", "UPDATE")).toEqual({ ok: false, error: "Permission Denied", stream: "users" });
    expect(asked).toEqual([
      { stream: "users", action: "all_actions", id: "5" },
      { stream: "users", action: "update", id: null },
    ]);
    await ada.frame();
    await server.changed(meaghan, renamed);
    await ada.frame();
    expect(await bob.rest()).toEqual([]);
  });

  it("is avoided: a `permits` that throws refuses (S2-B3)", async () => {
    await using server = await StreamsServer.open({ streams: { permits: failing } });
    const client = await server.channel();
    expect(await client.ask("SUBSCRIBE", "UPDATE")).toMatchObject({ ok: false, error: "Permission Denied" });
  });

  it("is avoided: rows and fields reach only viewers that may see them (S2-B3, S2-B10)", async () => {
    await using server = await StreamsServer.open({
      fanfare: { context: viewing },
      user: {
        visible: (row, { user }) => user !== "nobody" && row.username !== user,
        permissions: { email: ({ user }) => user === "ada" },
      },
    });
    const clients = await Promise.all(["ada", "bob", "nobody", "meaghan90"].map((user) => server.channel(as(user))));
    for (const client of clients) await client.subscribe("ALL_ACTIONS", "data: [ID, EMAIL]");
    await server.changed(null, meaghan);
    const told = await Promise.all(clients.map((client) => client.rest()));
    expect(told).toMatchObject([
      [{ payload: { data: { id: 5, email: "m@example.org" } } }],
      [{ payload: { data: { id: 5, email: null } } }],
      [],
      [],
    ]);
  });

  it("is avoided: a row that becomes invisible is notified as deleted (S2-B3)", async () => {
    await using server = await StreamsServer.open({
      user: { visible: ({ firstName }) => firstName === "Meaghan" },
    });
    const client = await server.channel();
    await client.subscribe("ALL_ACTIONS", "data: [FIRST_NAME]");
    await server.changed(meaghan, renamed);
    expect(await client.rest()).toMatchObject([{ payload: { action: "delete", data: { first_name: "Meaghan" } } }]);
  });

  it("is avoided: all subscriptions end with the socket, however it ends (S2-B4)", async () => {
    const ended: string[] = [];
    await using server = await StreamsServer.open({
      fanfare: { onUnsubscribe: (_operation, { id }) => void ended.push(id) },
    });
    const [polite, dying] = [await server.channel(), await server.channel()];
    await polite.subscribe("UPDATE");
    await dying.subscribe("ALL_ACTIONS", "id: 5");
    ended.length = 0;
    expect(server.streams.channels).toBe(2);
    polite.socket.close();
    dying.socket.terminate();
    await until(
      () => server.streams.channels === 0 && ended.length === 2,
      () => "the channels' end",
    );
    expect(await polite.ask("SUBSCRIBE", "UPDATE")).toEqual(notKnown);
    expect(await polite.ask("UNSUBSCRIBE", "UPDATE")).toEqual(notKnown);
  });

  it("is avoided: only committed changes are notified (S2-B5)", async () => {
    await using database = new PGlite();
    await database.exec(
      "create table auth_user (id int primary key, username text not null, first_name text not null, email text)",
    );
    const source = postgresOutbox({ client: database, tables: ["auth_user"], install: true });
    await using server = await StreamsServer.open({ fanfare: { source } });
    await server.fanfare.relay?.started;
    const client = await server.channel();
    await client.subscribe("ALL_ACTIONS", "data: [ID, FIRST_NAME]");
    const insert = "insert into auth_user values ($1, 'meaghan90', $2, null)";
    await database.transaction(async (transaction) => {
      await transaction.query(insert, [5, "Rolled back"]);
      await transaction.rollback();
    });
    await database.query(insert, [5, "Committed"]);
    await database.query("update auth_user set first_name = 'Meg'");
    await database.query("delete from auth_user");
    expect(await client.frames(3)).toMatchObject([
      { payload: { action: "create", data: { id: 5, first_name: "Committed" } } },
      { payload: { action: "update", data: { id: 5, first_name: "Meg" } } },
      { payload: { action: "delete", data: { id: 5, first_name: "Meg" } } },
    ]);
    expect(await client.rest()).toEqual([]);
  });

  it("is avoided: a change is notified once, however many subscriptions there are (S2-B6)", async () => {
    const started: string[] = [];
    await using server = await StreamsServer.open({
      fanfare: { onSubscribe: (_request, { id }) => void (id.startsWith("http") || started.push(id)) },
    });
    const [client, other] = [await server.channel(), await server.channel()];
    await Promise.all(Array.from({ length: 10 }, () => client.subscribe("UPDATE", "id: 5")));
    await other.subscribe("UPDATE", "id: 5");
    await server.changed(meaghan, renamed);
    expect(await client.rest()).toHaveLength(1);
    expect(await other.rest()).toHaveLength(1);
    expect(started).toHaveLength(2);
  });

  it("is avoided: the example runs (S2-B7)", () => {
    const { sections } = new Guide(read("docs/moving.md"));
    const section = sections.find(({ title }) => title === "From notifications of models");
    expect(section?.code).toContain("streams.subscription(Car,");
    expect(section?.output).toContain('"stream":"cars"');
  });

  it("is avoided: the selection of a result and the fields of a notification count (S2-B8)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    const answer = await server.post(
      `subscription Mine { mine: userSubscription(operation: SUBSCRIBE, action: DELETE, channelId: "${client.channelId}", data: [EMAIL]) { __typename action operation fine: ok } }`,
    );
    expect(await answer.text()).toBe(
      '{"data":{"mine":{"__typename":"StreamResult","action":"DELETE","operation":"SUBSCRIBE","fine":true}}}',
    );
    await server.changed(meaghan, null);
    expect(await client.frames(2)).toMatchObject([{}, { payload: { data: { email: "m@example.org" } } }]);
  });

  it("is avoided: no outdated packages are needed (S2-B9)", () => {
    const imported = files("src/compat/streams/*.ts").flatMap(importsOf);
    expect(imported.length).toBeGreaterThan(0);
    expect(new Set(imported.filter(({ external }) => external).map(({ to }) => to))).toEqual(new Set(["graphql"]));
  });

  it("is avoided: primary keys need not be numbers (S2-B10)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    const [door, gate] = ["0b6c2a5e-7a52-4c3f-9d9b-1f0d4a3e6c11", "2f8b4c1e-9c0d-4b52-8e6f-6a1b2c3d4e5f"];
    await client.subscribe("CREATE", `id: "${door.toUpperCase()}"`, "deviceSubscription");
    await server.deviceChanged(null, { id: gate, label: "gate" });
    await server.deviceChanged(null, { id: door, label: "door" });
    expect(await client.rest()).toMatchObject([{ payload: { data: { id: door, label: "door" } } }]);
  });
});
