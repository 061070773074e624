import { GraphQLError } from "graphql";
import { describe, expect, it } from "vitest";
import { graphqlSubscriptions } from "../../src/dialects/graphql-subscriptions.ts";
import { play } from "./transcript.ts";
import { Users } from "./users.ts";

const decode = (message: unknown) => graphqlSubscriptions().decode(JSON.stringify(message));

async function transcript(text: string, options?: ConstructorParameters<typeof Users>[0]): Promise<void> {
  await using users = new Users(options);
  await play(users.fanfare, graphqlSubscriptions(), text, users.happenings);
}

const start = `C> {"query":"subscription newUsers($a: Boolean) { users(active: $a) { id } }","variables":{"a":true},"operationName":"newUsers","context":{},"type":"subscription_start","id":0}`;

describe("graphql-subscriptions, of 2016", () => {
  it("acknowledges an init (S1-W3)", async () => {
    await transcript(`
      C> {"type":"init","payload":{"authToken":"abc"}}
      S> {"type":"init_success"}`);
  });

  it.each([
    ["answers false", () => false, "Forbidden"],
    [
      "throws",
      () => {
        throw new Error("secret");
      },
      "Forbidden",
    ],
    [
      "throws on purpose",
      () => {
        throw new GraphQLError("Prohibited connection!");
      },
      "Prohibited connection!",
    ],
  ])(
    "refuses when onConnect %s, with a payload that its clients read, and 1011 (S1-W4, S1-B4)",
    async (_, onConnect, error) => {
      await transcript(
        `C> {"type":"init","payload":{}}
       S> {"type":"init_fail","payload":{"error":"${error}"},"error":"${error}"}
       S> close 1011`,
        { onConnect },
      );
    },
  );

  it("acknowledges an init for which onConnect returns nothing (S1-B3)", async () => {
    await transcript(
      `C> {"type":"init","payload":{}}
       S> {"type":"init_success"}`,
      { onConnect: () => {} },
    );
  });

  it("subscribes with numeric ids from 0, delivers, and ends them (S1-W5, S1-W6, S1-W9, S1-B5, S1-B6)", async () => {
    await transcript(`
      C> {"type":"init","payload":{}}
      S> {"type":"init_success"}
      ${start}
      S> {"type":"subscription_success","id":0}
      !> publish
      S> {"type":"subscription_data","id":0,"payload":{"data":{"users":[{"id":"7"}]}}}
      !> publish inactive
      C> {"id":0,"type":"subscription_end"}
      !> publish
      C> {"id":99,"type":"subscription_end"}`);
  });

  it("replaces the older subscription when its id is used again (S1-W5)", async () => {
    await transcript(`
      C> {"type":"init"}
      S> {"type":"init_success"}
      ${start}
      S> {"type":"subscription_success","id":0}
      ${start}
      S> {"type":"subscription_success","id":0}
      !> publish
      S> {"type":"subscription_data","id":0,"payload":{"data":{"users":[{"id":"7"}]}}}`);
  });

  it("sends the errors of an event, and goes on (S1-W7, S1-B7)", async () => {
    await transcript(`
      C> {"type":"init"}
      S> {"type":"init_success"}
      C> {"query":"subscription { broken }","type":"subscription_start","id":1}
      S> {"type":"subscription_success","id":1}
      !> publish
      S> {"type":"subscription_data","id":1,"payload":{"errors":[{"message":"boom","locations":[{"line":1,"column":16}],"path":["broken"]}],"data":{"broken":null}}}
      !> publish
      S> {"type":"subscription_data","id":1,"payload":{"errors":[{"message":"boom","locations":[{"line":1,"column":16}],"path":["broken"]}],"data":{"broken":null}}}`);
  });

  it("sends the reason of a refused subscription (S1-W8, S1-B8)", async () => {
    await transcript(`
      C> {"type":"init"}
      S> {"type":"init_success"}
      C> {"query":"subscription { nope }","type":"subscription_start","id":2}
      S> {"type":"subscription_fail","id":2,"payload":{"errors":[{"message":"Cannot query field \\"nope\\" on type \\"Subscription\\"…","locations":[{"line":1,"column":16}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}}
      C> {"query":"subscription {","type":"subscription_start","id":3}
      S> {"type":"subscription_fail","id":3,"payload":{"errors":[{"message":"Syntax Error…","locations":[{"line":1,"column":15}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}}`);
  });

  it("answers an invalid message, and stays open (S1-W10, S1-W11, S1-B9, S1-B15)", async () => {
    await transcript(`
      C> {"type":"init"}
      S> {"type":"init_success"}
      C> not JSON
      S> {"type":"subscription_fail","id":null,"payload":{"errors":[{"message":"Not valid JSON"}]}}
      C> 7
      S> {"type":"subscription_fail","id":null,"payload":{"errors":[{"message":"Not a JSON object"}]}}
      C> {"type":"nonsense","id":4}
      S> {"type":"subscription_fail","id":4,"payload":{"errors":[{"message":"Invalid message type!…"}]}}
      ${start}
      S> {"type":"subscription_success","id":0}`);
  });

  it("ends its subscriptions with the socket (S1-W12)", async () => {
    const ended: string[] = [];
    await transcript(
      `C> {"type":"init"}
       S> {"type":"init_success"}
       ${start}
       S> {"type":"subscription_success","id":0}
       C> close
       !> publish`,
      { onUnsubscribe: ({ id }) => void ended.push(id), onDisconnect: () => void ended.push("disconnected") },
    );
    expect(ended.toSorted()).toEqual(["0", "disconnected"]);
  });

  it("runs starts from before the init once the init is acknowledged (S1-W13)", async () => {
    await transcript(`
      ${start}
      C> {"type":"init"}
      S> {"type":"init_success"}
      S> {"type":"subscription_success","id":0}
      !> publish
      S> {"type":"subscription_data","id":0,"payload":{"data":{"users":[{"id":"7"}]}}}`);
  });

  it("does not answer starts after a refused init (S1-W13)", async () => {
    await transcript(
      `${start}
       C> {"type":"init"}
       S> {"type":"init_fail","payload":{"error":"Forbidden"},"error":"Forbidden"}
       S> close 1011
       ${start}`,
      { onConnect: () => false },
    );
  });

  it("ignores the context that a client sends, and uses that of onConnect (S1-B2)", async () => {
    const contexts: unknown[] = [];
    await transcript(
      `C> {"type":"init"}
       S> {"type":"init_success"}
       C> {"query":"subscription { broken }","context":{"admin":true},"type":"subscription_start","id":1}
       S> {"type":"subscription_success","id":1}`,
      {
        onConnect: () => ({ user: "ada" }),
        context: ({ connection, request }) => {
          contexts.push(connection.connected, connection.params, request.extensions);
          return {};
        },
      },
    );
    expect(contexts).toEqual([{ user: "ada" }, undefined, undefined]);
  });

  it("reads operationName (S1-B1)", () => {
    expect(decode({ type: "subscription_start", id: 0, query: "q", operationName: "A" })).toMatchObject({
      request: { operationName: "A" },
    });
  });

  it("refuses queries and mutations, since it has no message for their end", async () => {
    await transcript(`
      C> {"type":"init"}
      S> {"type":"init_success"}
      C> {"query":"{ a }","type":"subscription_start","id":1}
      S> {"type":"subscription_fail","id":1,"payload":{"errors":[{"message":"This protocol carries subscriptions only…","extensions":{"code":"BAD_REQUEST"}}]}}`);
  });

  it("keeps ids that are numbers apart from ids that are strings", () => {
    expect(decode({ type: "subscription_end", id: 0 })).toEqual({ type: "complete", id: "0" });
    expect(decode({ type: "subscription_end", id: "0" })).toEqual({ type: "complete", id: '"0"' });
  });

  it.each([null, true, [], {}, ""])("refuses %j as an id", (id) => {
    expect(decode({ type: "subscription_start", id, query: "q" })).toMatchObject({ type: "invalid" });
    expect(decode({ type: "subscription_end", id })).toEqual({ type: "complete", id: "null" });
  });

  it("does not answer the end of an operation without an id", async () => {
    await transcript(`
      C> {"type":"init"}
      S> {"type":"init_success"}
      C> not JSON
      S> {"type":"subscription_fail","id":null,"payload":{"errors":[{"message":"Not valid JSON"}]}}
      C> {"id":null,"type":"subscription_end"}
      C> {"type":"subscription_end"}
      ${start}
      S> {"type":"subscription_success","id":0}`);
  });
});
