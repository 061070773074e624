import { buildSchema, GraphQLError } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import type { Triggers } from "fanfare/declare";
import { connected } from "./connected.ts";
import { NotingLog } from "./noting-log.ts";

interface User {
  readonly id: string;
  readonly active: boolean;
}

const schema = buildSchema(`
  type Query { hi: String }
  type User { id: ID! active: Boolean }
  type Subscription {
    newUser(active: Boolean, group: String = "all"): User
    userCount: Int
  }
`);

function serverWith(triggers: Triggers, options: Partial<FanfareOptions> = {}): Fanfare {
  return createFanfare({ schema, triggers, log: silentLog, ...options });
}

const ada = { newUser: { id: "ada", active: true } };
const bob = { newUser: { id: "bob", active: false } };

describe("A trigger", () => {
  it("says which topic a field listens to, and the payload is the root value", async () => {
    await using fanfare = serverWith({ newUser: () => ({ new_user_channel: {} }) });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { newUser { id active } }");
    await fanfare.publish("newUser", bob);
    await fanfare.publish("new_user_channel", ada);
    expect(await client.receiveNext(id)).toEqual({ data: { newUser: { id: "ada", active: true } } });
    await client.assertNoMessages();
  });

  it("is the topic that is called like the field, where there is no entry for it", async () => {
    await using fanfare = serverWith({ newUser: () => ({ new_user_channel: {} }) });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { count: userCount }");
    await fanfare.publish("userCount", { userCount: 7 });
    expect(await client.receiveNext(id)).toEqual({ data: { count: 7 } });
  });

  it("is not looked for among the properties that every object has", async () => {
    const odd = buildSchema("type Query { hi: String } type Subscription { toString: String }");
    await using fanfare = createFanfare({ schema: odd, log: silentLog, triggers: {} });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { toString }");
    await fanfare.publish("toString", Object.assign(Object.create(null), { toString: "odd" }));
    expect(await client.receiveNext(id)).toEqual({ data: { toString: "odd" } });
  });

  it("has a filter that compares the event with the arguments", async () => {
    await using fanfare = serverWith({
      newUser: ({ active }) => ({
        new_user_channel: { filter: (event: { newUser: User }) => event.newUser.active === active },
      }),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { newUser(active: false) { id } }");
    await fanfare.publish("new_user_channel", ada);
    await fanfare.publish("new_user_channel", bob);
    expect(await client.receiveNext(id)).toEqual({ data: { newUser: { id: "bob" } } });
    await client.assertNoMessages();
  });

  it("has a filter that may answer later, and in another order than it was asked", async () => {
    const late = Promise.withResolvers<boolean>();
    await using fanfare = serverWith({
      newUser: () => ({
        newUser: { filter: (event: { newUser: User }) => (event.newUser.id === "ada" ? late.promise : true) },
      }),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { newUser { id } }");
    await fanfare.publish("newUser", ada);
    await fanfare.publish("newUser", bob);
    await client.assertNoMessages();
    late.resolve(true);
    expect(await client.receiveNext(id)).toEqual({ data: { newUser: { id: "ada" } } });
    expect(await client.receiveNext(id)).toEqual({ data: { newUser: { id: "bob" } } });
  });

  it("has a filter that may ask for the context, fresh for each event", async () => {
    let contexts = 0;
    const seen: unknown[] = [];
    await using fanfare = serverWith(
      {
        newUser: () => ({
          newUser: {
            filter: (event: { newUser: User }, context: { user: string; count: number }) => {
              seen.push(context.count);
              return event.newUser.id === context.user;
            },
          },
        }),
      },
      { context: async ({ connection }) => ({ user: connection.params?.["user"], count: (contexts += 1) }) },
    );
    await using client = await connected(fanfare, { user: "bob" });
    await using other = await connected(fanfare, { user: "eve" });
    const id = await client.subscribe("subscription { newUser { id } }");
    await other.subscribe("subscription { newUser { id } }");
    await fanfare.publish("newUser", ada);
    await fanfare.publish("newUser", bob);
    expect(await client.receiveNext(id)).toEqual({ data: { newUser: { id: "bob" } } });
    await other.assertNoMessages();
    expect(seen).toHaveLength(4);
    expect(new Set(seen).size).toBe(4);
  });

  it("has a filter whose failure hides the event", async () => {
    const log = new NotingLog();
    await using fanfare = serverWith(
      {
        newUser: () => ({
          newUser: {
            filter: (event: { newUser: User | null }) => {
              if (!event.newUser) throw new TypeError("no user");
              return true;
            },
          },
        }),
      },
      { log },
    );
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { newUser { id } }");
    await fanfare.publish("newUser", { newUser: null });
    await fanfare.publish("newUser", ada);
    expect(await client.receiveNext(id)).toEqual({ data: { newUser: { id: "ada" } } });
    expect(log.messages).toEqual(["A filter failed; its event was not delivered"]);
  });

  it("may be several, each with a filter of its own", async () => {
    await using fanfare = serverWith({
      newUser: () => ({
        created: { filter: (event: { newUser: User }) => event.newUser.active },
        imported: {},
      }),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { newUser { id } }");
    await fanfare.publish("created", bob);
    await fanfare.publish("created", ada);
    await fanfare.publish("imported", bob);
    expect(await client.receiveNext(id)).toEqual({ data: { newUser: { id: "ada" } } });
    expect(await client.receiveNext(id)).toEqual({ data: { newUser: { id: "bob" } } });
    await client.assertNoMessages();
  });

  it("lets an event of several topics reach the operation once", async () => {
    await using fanfare = serverWith({
      newUser: () => ({ created: { filter: () => true }, imported: {}, merged: {} }),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { newUser { id } }");
    await fanfare.publish(["created", "imported", "merged"], ada);
    expect(await client.receiveNext(id)).toEqual({ data: { newUser: { id: "ada" } } });
    await client.assertNoMessages();
  });

  it.each([
    ["at once", false],
    ["later", Promise.resolve(false)],
  ])("lets an event pass in one of its topics though another's filter hides it %s", async (_, hidden) => {
    await using fanfare = serverWith({
      newUser: () => ({ created: { filter: () => hidden }, imported: {}, merged: {} }),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { newUser { id } }");
    await fanfare.publish(["created", "imported", "merged"], ada);
    expect(await client.receiveNext(id)).toEqual({ data: { newUser: { id: "ada" } } });
    await client.assertNoMessages();
  });

  it("is told everything about the operation", async () => {
    const told: unknown[] = [];
    await using fanfare = serverWith(
      {
        newUser: (args, details) => {
          told.push([args, { ...details }]);
          return { newUser: {} };
        },
      },
      { context: () => ({ tenant: "acme" }) },
    );
    await using client = await connected(fanfare);
    const query = `
      subscription Users($on: Boolean) { newUser(active: $on) { id } }
      subscription Count { userCount }
    `;
    await client.subscribe({ query, operationName: "Users", variables: { on: true } });
    expect(told).toEqual([
      [
        { active: true, group: "all" },
        {
          subscriptionName: "newUser",
          query,
          operationName: "Users",
          variables: { on: true },
          context: { tenant: "acme", operation: expect.objectContaining({ name: "Users" }) },
        },
      ],
    ]);
  });

  it("that throws is an error of the operation", async () => {
    await using fanfare = serverWith({
      newUser: ({ group }) => {
        throw new GraphQLError(`There is no group ${String(group)}`);
      },
    });
    await using client = await connected(fanfare);
    const id = client.start(`subscription { newUser(group: "b") { id } }`);
    expect(await client.receiveError(id)).toEqual([{ message: "There is no group b" }]);
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: null } });
  });

  it("keeps the operation private where it reads the context", async () => {
    const read: unknown[] = [];
    await using fanfare = serverWith(
      {
        newUser: (_args, { context }) => {
          read.push(context);
          return { [`users:${read.length}`]: {} };
        },
      },
      { context: ({ connection }) => ({ user: connection.params?.["user"] }) },
    );
    await using first = await connected(fanfare, { user: "1" });
    await using second = await connected(fanfare, { user: "2" });
    const id = await first.subscribe("subscription { newUser { id } }");
    await second.subscribe("subscription { newUser { id } }");
    expect(read).toEqual([
      { user: "1", operation: expect.anything() },
      { user: "2", operation: expect.anything() },
    ]);
    await fanfare.publish("users:1", ada);
    expect(await first.receiveNext(id)).toEqual({ data: { newUser: { id: "ada" } } });
    await second.assertNoMessages();
  });
});

describe("A field with a trigger", () => {
  it("keeps its own resolver, which gets the payload, the arguments and the context of each event", async () => {
    const resolving = buildSchema("type Query { hi: String } type Subscription { users(active: Boolean): [String] }");
    const field = resolving.getSubscriptionType()?.getFields()["users"];
    let contexts = 0;
    const database: readonly User[] = [ada.newUser, bob.newUser];
    if (field) {
      field.resolve = async (root: { id: string }, { active }, { count }: { count: number }) => [
        `${root.id} of ${count}`,
        ...database.filter((user) => user.active === active).map((user) => user.id),
      ];
    }
    await using fanfare = createFanfare({
      schema: resolving,
      log: silentLog,
      context: () => ({ count: (contexts += 1) }),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { users(active: true) }");
    await fanfare.publish("users", { id: "7" });
    await fanfare.publish("users", { id: "8" });
    expect(await client.receiveNext(id)).toEqual({ data: { users: ["7 of 2", "ada"] } });
    expect(await client.receiveNext(id)).toEqual({ data: { users: ["8 of 3", "ada"] } });
  });
});
