import { runInNewContext } from "node:vm";
import { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare } from "fanfare";
import { GroupSubscriptions, type GroupOptions } from "fanfare/compat";
import { turns } from "fanfare/testing";
import { play } from "../dialects/transcript.ts";
import { connected } from "../server/connected.ts";

interface Context {
  readonly user?: string;
}

const myModel = new GraphQLObjectType({
  name: "MyModel",
  fields: { name: { type: GraphQLString }, age: { type: GraphQLInt } },
});

const fields = {
  myModelCreated: { type: myModel, groups: () => ["MyModelCreated"], requestedFields: true },
  myModelChanged: {
    type: myModel,
    args: { id: { type: GraphQLInt } },
    groups: ({ id }) => [`MyModelUpdated.${String(id)}`, `MyModelDeleted.${String(id)}`],
  },
  anything: { type: myModel, args: { group: { type: GraphQLString } }, groups: ({ group }) => [String(group)] },
} satisfies GroupOptions<Context>["fields"];

const one = { pk: 1, fields: { name: "a", age: 7, id: 1 } };

function serverOf(groups: GroupSubscriptions<Context>): Fanfare<Context> {
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString, resolve: () => "hello" } } }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: groups.fields }),
  });
  return createFanfare<Context>({ schema, log: silentLog, ...groups.options });
}

interface Setting extends Omit<GroupOptions<Context>, "fields"> {
  readonly dialect?: "graphql-transport-ws" | "graphql-ws";
}

async function transcript(text: string, { dialect = "graphql-transport-ws", ...more }: Setting = {}): Promise<void> {
  const groups = new GroupSubscriptions<Context>({ fields, ...more });
  await using fanfare = serverOf(groups);
  const spoken = groups.options.dialects.find(({ name }) => name === dialect);
  if (!spoken) throw new TypeError(`There is no ${dialect}`);
  await play(fanfare, spoken, text, {
    created: () => groups.trigger(fanfare, "MyModelCreated", one),
    updated: () => groups.trigger(fanfare, "MyModelUpdated.1", one),
    deleted: () => groups.trigger(fanfare, "MyModelDeleted.1", one),
    "a plain value": () => groups.trigger(fanfare, "plain", "just text"),
  });
}

const init = `C> {"type":"connection_init","payload":{"anything":1}}
              S> {"type":"connection_ack"}`;
const acknowledged = (id: string, groups: string, action: string) => {
  const flag = action === "register";
  return `S> {"id":"${id}","type":"next","payload":{"data":null,"errors":null,"extensions":{"cyparta":{"registeredGroups":[${groups}],"subscripe":${flag},"subscribe":${flag},"action":"${action}"}}}}`;
};
const register = `C> {"id":"1","type":"subscribe","payload":{"query":"subscription { myModelCreated(subscripe: true) { name } }"}}
                  ${acknowledged("1", '"MyModelCreated"', "register")}`;
const event = `S> {"id":"1","type":"next","payload":{"data":{"myModelCreated":{"pk":1,"fields":{"name":"a"},"group":"MyModelCreated"}},"errors":null}}`;

describe("Subscriptions by groups", () => {
  it("accept any payload of an init (S4-W2)", async () => {
    await transcript(init);
    await transcript(`C> {"type":"connection_init"}\nS> {"type":"connection_ack"}`);
  });

  it("acknowledge that an operation has joined, in both spellings (S4-W3, S4-W11)", async () => {
    await transcript(`${init}
      ${register}`);
  });

  it("acknowledge in the first spelling only, by option (S4-W3)", async () => {
    await transcript(
      `${init}
       C> {"id":"1","type":"subscribe","payload":{"query":"subscription { myModelCreated(subscripe: true) { name } }"}}
       S> {"id":"1","type":"next","payload":{"data":null,"errors":null,"extensions":{"cyparta":{"registeredGroups":["MyModelCreated"],"subscripe":true,"action":"register"}}}}`,
      { spelling: "subscripe" },
    );
  });

  it("send the triggered value with the selected fields (S4-W4)", async () => {
    await transcript(`${init}
      ${register}
      !> created
      ${event}
      !> created
      ${event}`);
  });

  it("send the value under its alias, and find selected fields in fragments and by variables (S4-W4)", async () => {
    await transcript(`${init}
      C> {"id":"1","type":"subscribe","payload":{"operationName":"B","variables":{"on":true,"not":false},"query":"query A { hi } subscription B($on: Boolean, $not: Boolean!) { mine: myModelCreated(subscribe: $on) { ...N ... on MyModel { age @skip(if: $not) } } } fragment N on MyModel { name }"}}
      ${acknowledged("1", '"MyModelCreated"', "register")}
      !> created
      S> {"id":"1","type":"next","payload":{"data":{"mine":{"pk":1,"fields":{"name":"a","age":7},"group":"MyModelCreated"}},"errors":null}}`);
  });

  it("send one message per group, and values of any kind unchanged", async () => {
    await transcript(`${init}
      C> {"id":"1","type":"subscribe","payload":{"query":"subscription { myModelChanged(id: 1) { name } }"}}
      ${acknowledged("1", '"MyModelUpdated.1","MyModelDeleted.1"', "register")}
      C> {"id":"2","type":"subscribe","payload":{"query":"subscription { anything(group: \\"plain\\") { name } }"}}
      ${acknowledged("2", '"plain"', "register")}
      !> updated
      S> {"id":"1","type":"next","payload":{"data":{"myModelChanged":{"pk":1,"fields":{"name":"a","age":7,"id":1},"group":"MyModelUpdated.1"}},"errors":null}}
      !> deleted
      S> {"id":"1","type":"next","payload":{"data":{"myModelChanged":{"pk":1,"fields":{"name":"a","age":7,"id":1},"group":"MyModelDeleted.1"}},"errors":null}}
      !> a plain value
      S> {"id":"2","type":"next","payload":{"data":{"anything":"just text"},"errors":null}}`);
  });

  it("leave groups by an operation with the id that joined them (S4-W5)", async () => {
    await transcript(`${init}
      ${register}
      !> created
      ${event}
      C> {"id":"1","type":"subscribe","payload":{"query":"subscription { myModelCreated(subscripe: false) { name } }"}}
      ${acknowledged("1", '"MyModelCreated"', "unregister")}
      S> {"id":"1","type":"next","payload":{"data":{"myModelCreated":null},"errors":null}}
      !> created
      ${register}
      !> created
      ${event}`);
  });

  it("leave no group by an operation with another id (S4-W5)", async () => {
    await transcript(`${init}
      ${register}
      C> {"id":"2","type":"subscribe","payload":{"query":"subscription { myModelCreated(subscripe: false) { name } }"}}
      ${acknowledged("2", '"MyModelCreated"', "unregister")}
      S> {"id":"2","type":"next","payload":{"data":{"myModelCreated":null},"errors":null}}
      !> created
      ${event}`);
  });

  it("keep the groups that a later operation with the same id does not name", async () => {
    await transcript(`${init}
      ${register}
      C> {"id":"1","type":"subscribe","payload":{"query":"subscription { anything(group: \\"plain\\") { name } }"}}
      ${acknowledged("1", '"plain"', "register")}
      C> {"id":"1","type":"subscribe","payload":{"query":"subscription { anything(group: \\"plain\\", subscribe: false) { name } }"}}
      ${acknowledged("1", '"plain"', "unregister")}
      S> {"id":"1","type":"next","payload":{"data":{"anything":null},"errors":null}}
      !> a plain value
      !> created
      S> {"id":"1","type":"next","payload":{"data":{"anything":{"pk":1,"fields":{"name":"a","age":7,"id":1},"group":"MyModelCreated"}},"errors":null}}`);
  });

  it("complete an operation, with an echo if it exists, also before the init (S4-W6)", async () => {
    await transcript(`C> {"type":"complete","id":"1"}
      ${init}
      ${register}
      C> {"id":"1","type":"complete"}
      S> {"type":"complete","id":"1"}
      !> created
      C> {"id":"1","type":"complete"}`);
  });

  it("send errors as results, which do not end the operation (S4-W7)", async () => {
    await transcript(`${init}
      ${register}
      C> {"id":"1","type":"subscribe","payload":{"query":"subscription { nope }"}}
      S> {"id":"1","type":"next","payload":{"data":null,"errors":[{"message":"Cannot query field…","locations":[{"line":1,"column":16}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}}
      !> created
      ${event}`);
  });

  it.each([
    ["that may not be joined", () => false, "Not authorized to subscribe to one or more subscription channels."],
    [
      "about which there is no answer",
      () => runInNewContext("undefined"),
      "Not authorized to subscribe to one or more subscription channels.",
    ],
    [
      "whose permission cannot be told",
      () => {
        throw new Error("no database");
      },
      "Subscription permission could not be verified.",
    ],
  ])("refuse a group %s in two messages, without complete (S4-W13, S4-L06)", async (_, permit, message) => {
    await transcript(
      `${init}
       C> {"id":"1","type":"subscribe","payload":{"query":"subscription { myModelCreated(subscripe: true) { name } }"}}
       S> {"id":"1","type":"next","payload":{"data":null,"errors":[{"message":"${message}"}]}}
       S> {"id":"1","type":"next","payload":{"data":{"myModelCreated":null},"errors":null}}
       !> created`,
      { permit },
    );
  });

  it("refuse a group's name that the older server refuses (S4-L06, S4-L07)", async () => {
    await transcript(`${init}
      C> {"id":"1","type":"subscribe","payload":{"query":"subscription { anything(group: \\"a b\\") { name } }"}}
      S> {"id":"1","type":"next","payload":{"data":null,"errors":[{"message":"Invalid subscription channel name."}]}}
      S> {"id":"1","type":"next","payload":{"data":{"anything":null},"errors":null}}`);
  });

  it("work in the older dialect too (S4-01)", async () => {
    await transcript(
      `C> {"type":"connection_init"}
       S> {"type":"connection_ack"}
       C> {"id":"1","type":"start","payload":{"query":"subscription { myModelCreated { name } }"}}
       S> {"id":"1","type":"data","payload":{"data":null,"errors":null,"extensions":{"cyparta":{"registeredGroups":["MyModelCreated"],"subscripe":true,"subscribe":true,"action":"register"}}}}
       !> created
       S> {"id":"1","type":"data","payload":{"data":{"myModelCreated":{"pk":1,"fields":{"name":"a"},"group":"MyModelCreated"}},"errors":null}}`,
      { dialect: "graphql-ws" },
    );
  });

  it("ignore an invalid message without an id (S4-W9, S4-B12)", async () => {
    await transcript(`${init}
      C> {"type":"subscribe","payload":{"query":"subscription { myModelCreated { name } }"}}
      C> {"type":"nonsense"}
      C> []
      C> 7
      ${register}
      !> created
      ${event}`);
  });

  it.each([
    [
      "graphql-transport-ws",
      "subscribe",
      '{"type":"error","id":"1","payload":[{"message":"\\"query\\" must be a string","extensions":{"code":"INVALID_MESSAGE"}}]}',
    ],
    ["graphql-ws", "start", '{"type":"error","id":"1","payload":{"message":"\\"query\\" must be a string"}}'],
  ] as const)("answer in %s a %s that cannot be understood (S4-W10)", async (dialect, type, answer) => {
    await transcript(
      `${init}
       C> {"type":"${type}","id":"1","payload":{}}
       S> ${answer}`,
      { dialect },
    );
  });

  it.each([
    [
      "a subscribe before the init",
      "graphql-transport-ws",
      'C> {"type":"subscribe","id":"1","payload":{"query":"{ hi }"}}',
      4401,
    ],
    ["a second init", "graphql-transport-ws", `${init}\nC> {"type":"connection_init"}`, 4429],
    ["connection_terminate", "graphql-ws", 'C> {"type":"connection_terminate"}', 1000],
  ] as const)("close at %s in %s (S4-W12)", async (_, dialect, lines, code) => {
    await transcript(`${lines}\nS> close ${code}`, { dialect });
  });

  it("close the connection of a client that reads too slowly, with 4413 (S4-W12)", async () => {
    const groups = new GroupSubscriptions<Context>({ fields });
    await using fanfare = serverOf(groups);
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { myModelCreated { name } }");
    await client.receiveNext(id);
    client.pause();
    // One by one, since a burst in one turn waits for its readers.
    for (let count = 0; count < 1_000; count += 1) {
      await groups.trigger(fanfare, "MyModelCreated", one);
      await turns(1);
    }
    client.resume();
    expect(await client.waitDisconnect()).toEqual({ code: 4413, reason: "Too slow" });
  });

  it("do not affect other operations (S4-W9)", async () => {
    await transcript(`${init}
      C> {"id":"1","type":"subscribe","payload":{"query":"{ hi }"}}
      S> {"id":"1","type":"next","payload":{"data":{"hi":"hello"}}}
      S> {"type":"complete","id":"1"}`);
  });

  it("refuse a name that is no field's", () => {
    expect(Object.keys(new GroupSubscriptions({ fields }).fields)).toEqual([
      "myModelCreated",
      "_myModelCreated",
      "myModelChanged",
      "_myModelChanged",
      "anything",
      "_anything",
    ]);
  });
});
