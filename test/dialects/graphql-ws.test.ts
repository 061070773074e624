import { GraphQLError } from "graphql";
import { describe, expect, it } from "vitest";
import { graphqlWs, type GraphqlWsOptions } from "../../src/dialects/graphql-ws.ts";
import { play } from "./transcript.ts";
import { Users } from "./users.ts";

interface Setting {
  readonly deviations?: GraphqlWsOptions;
  readonly server?: ConstructorParameters<typeof Users>[0];
}

async function transcript(text: string, { deviations, server }: Setting = {}): Promise<void> {
  await using users = new Users(server);
  await play(users.fanfare, graphqlWs(deviations), text, users.happenings);
}

function keepAlives(options: GraphqlWsOptions): readonly string[] {
  return graphqlWs(options)
    .encode({ type: "keepAlive" })
    .map((bytes) => Buffer.from(bytes).toString());
}

const subscribe = `C> {"type":"start","id":"2","payload":{"query":"subscription { users { id } }"}}`;
const event = `S> {"type":"data","id":"2","payload":{"data":{"users":[{"id":"7"}]}}}`;
const init = `C> {"type":"connection_init","payload":{"token":"x"}}
              S> {"type":"connection_ack"}`;
const refuse = {
  onConnect: () => {
    throw new GraphQLError("No entry");
  },
};

function wrongToken(): never {
  throw new GraphQLError('{"Authorization": "Token is invalid or not provided."}');
}

function failing(): never {
  throw new RangeError("x");
}

describe("graphql-ws, of subscriptions-transport-ws", () => {
  it("acknowledges an init (S3-W2)", async () => {
    await transcript(init);
  });

  it("refuses with connection_error and 1011 (section 6.1)", async () => {
    await transcript(
      `C> {"type":"connection_init","payload":{}}
       S> {"type":"connection_error","payload":{"message":"No entry"}}
       S> close 1011`,
      { server: refuse },
    );
  });

  it("refuses with 4000 by option (S3-W3, S3-W24)", async () => {
    await transcript(
      `C> {"type":"connection_init","payload":{}}
       S> {"type":"connection_error","payload":{"message":"No entry"}}
       S> close 4000`,
      { server: refuse, deviations: { refusedCode: 4000 } },
    );
  });

  it("runs queries and mutations (S3-W4, S5-W9)", async () => {
    await transcript(`
      ${init}
      C> {"type":"start","id":"1","payload":{"query":"{ a }","variables":{},"operationName":null}}
      S> {"type":"data","id":"1","payload":{"data":{"a":"1"}}}
      S> {"type":"complete","id":"1"}
      C> {"type":"start","id":"1","payload":{"query":"mutation { shout }"}}
      S> {"type":"data","id":"1","payload":{"data":{"shout":"A!"}}}
      S> {"type":"complete","id":"1"}`);
  });

  it("sends nothing for a start until the first event (S3-W5)", async () => {
    await transcript(`
      ${init}
      ${subscribe}
      !> publish
      ${event}
      !> publish
      ${event}`);
  });

  it("sends a confirmation by option (S3-L02, S3-L03)", async () => {
    await transcript(
      `${init}
       ${subscribe}
       S> {"type":"data","id":"2","payload":{"data":null}}
       !> publish
       ${event}`,
      { deviations: { confirmation: { data: null } } },
    );
  });

  it("sends the errors of a document as data, then completes (S3-W6, S3-W21)", async () => {
    await transcript(`
      ${init}
      C> {"type":"start","id":"1","payload":{"query":"{ nope }"}}
      S> {"type":"data","id":"1","payload":{"data":null,"errors":[{"message":"Cannot query field \\"nope\\"…","locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}}
      S> {"type":"complete","id":"1"}`);
  });

  it("sends the errors of an event, and goes on", async () => {
    const failed = `S> {"type":"data","id":"2","payload":{"errors":[{"message":"boom","locations":[{"line":1,"column":16}],"path":["broken"]}],"data":{"broken":null}}}`;
    await transcript(`
      ${init}
      C> {"type":"start","id":"2","payload":{"query":"subscription { broken }"}}
      !> publish
      ${failed}
      !> publish
      ${failed}`);
  });

  it("replaces an operation whose id is used again (S3-W7)", async () => {
    await transcript(`
      ${init}
      ${subscribe}
      ${subscribe}
      !> publish
      ${event}`);
  });

  it("masks an error from outside of GraphQL (S3-W7, S3-W22)", async () => {
    await transcript(
      `${init}
       ${subscribe}
       S> {"type":"data","id":"2","payload":{"data":null,"errors":[{"message":"Internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}}
       S> {"type":"complete","id":"2"}`,
      { server: { onSubscribe: failing } },
    );
  });

  it("formats such an error by the server's formatError (S3-W22)", async () => {
    await transcript(
      `${init}
       ${subscribe}
       S> {"type":"data","id":"2","payload":{"data":null,"errors":[{"message":"RangeError: x","extensions":{"code":"RangeError"}}]}}
       S> {"type":"complete","id":"2"}`,
      {
        server: {
          onSubscribe: failing,
          formatError: ({ message, originalError: { name = "" } = {} }) => ({
            message: `${name}: ${message}`,
            extensions: { code: name },
          }),
        },
      },
    );
  });

  it("sends a resolver's error beside the data, and masks an unexpected one (S3-W23)", async () => {
    await transcript(`
      ${init}
      C> {"type":"start","id":"1","payload":{"query":"{ fails }"}}
      S> {"type":"data","id":"1","payload":{"data":{"fails":null},"errors":[{"message":"Internal server error","locations":[{"line":1,"column":3}],"path":["fails"],"extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}}
      S> {"type":"complete","id":"1"}`);
  });

  it("answers an invalid message, and stays open (S3-W8, S3-W12, S4-W9, S4-W10, S5-W7)", async () => {
    await transcript(`
      ${init}
      C> {"type":"FOO","id":"9"}
      S> {"type":"error","id":"9","payload":{"message":"Invalid message type!…"}}
      C> {"type":"start","payload":{"query":"{ a }"}}
      S> {"type":"connection_error","payload":{"message":"\\"id\\" of \\"start\\" must be a non-empty string or a number"}}
      C> {"type":"start","id":"9"}
      S> {"type":"error","id":"9","payload":{"message":"\\"payload\\" of \\"start\\" must be an object"}}
      C> {"type":"start","id":"9","payload":{}}
      S> {"type":"error","id":"9","payload":{"message":"\\"query\\" must be a string"}}
      C> {
      S> {"type":"connection_error","payload":{"message":"Not valid JSON"}}
      C> []
      S> {"type":"connection_error","payload":{"message":"Not a JSON object"}}
      ${subscribe}
      !> publish
      ${event}`);
  });

  it("takes numbers as ids, 0 too, and answers with the id as it came, as 0.7.0 and 0.7.1 need it", async () => {
    await transcript(`
      ${init}
      C> {"type":"start","id":0,"payload":{"query":"{ a }"}}
      S> {"type":"data","id":0,"payload":{"data":{"a":"1"}}}
      S> {"type":"complete","id":0}
      C> {"type":"start","id":1.5,"payload":{"query":"{ nope }"}}
      S> {"type":"data","id":1.5,"payload":{"data":null,"errors":[{"message":"Cannot query field…","locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}}
      S> {"type":"complete","id":1.5}
      C> {"type":"start","id":2,"payload":{}}
      S> {"type":"error","id":2,"payload":{"message":"\\"query\\" must be a string"}}
      C> {"type":"start","id":2,"payload":{"query":"subscription { users { id } }"}}
      ${subscribe}
      !> publish
      S> {"type":"data","id":2,"payload":{"data":{"users":[{"id":"7"}]}}}
      ${event}
      C> {"type":"stop","id":2}
      !> publish
      ${event}
      !> end
      S> {"type":"complete","id":"2"}`);
  });

  it("keeps ids apart that could be taken for one another", async () => {
    for (const id of ["\u00001", '\u0000"x"', "1", "\u0000"]) {
      await transcript(`
        ${init}
        C> ${JSON.stringify({ type: "start", id, payload: { query: "{ a }" } })}
        S> {"type":"data","id":${JSON.stringify(id)},"payload":{"data":{"a":"1"}}}
        S> {"type":"complete","id":${JSON.stringify(id)}}`);
    }
    const ids = [1, "1", "\u00001", '\u0000"\u00001"'].map((id) => {
      const message = graphqlWs().decode(JSON.stringify({ type: "stop", id }));
      return message.type === "complete" && message.id;
    });
    expect(new Set(ids).size).toBe(4);
  });

  it("ends an operation at stop without an answer (S5-W10)", async () => {
    await transcript(`
      ${init}
      ${subscribe}
      C> {"type":"stop","id":"2"}
      !> publish
      C> {"type":"stop","id":"unknown"}`);
  });

  it("answers a stop with complete by option (S3-W9)", async () => {
    await transcript(
      `${init}
       ${subscribe}
       C> {"type":"stop","id":"2"}
       S> {"type":"complete","id":"2"}
       C> {"type":"stop","id":"2"}`,
      { deviations: { echoComplete: true } },
    );
  });

  it("completes when the server ends the topic (S3-W10)", async () => {
    await transcript(`
      ${init}
      ${subscribe}
      !> end
      S> {"type":"complete","id":"2"}`);
  });

  it("closes at connection_terminate with 1000 (S3-W11, S5-W10)", async () => {
    await transcript(`
      ${init}
      ${subscribe}
      C> {"type":"connection_terminate"}
      S> close 1000`);
  });

  it("accepts starts before the acknowledgement (section 6.1)", async () => {
    await transcript(`
      C> {"type":"connection_init"}
      ${subscribe}
      S> {"type":"connection_ack"}
      !> publish
      ${event}`);
  });

  it("runs no start before the init, so that onConnect cannot be bypassed (S5-B1)", async () => {
    await transcript(
      `${subscribe}
       !> publish
       C> {"type":"connection_init"}
       S> {"type":"connection_error","payload":{"message":"No entry"}}
       S> close 1011`,
      { server: refuse },
    );
  });

  it("accepts an init without a payload (S5-B2, S3-W12)", async () => {
    await transcript(`
      C> {"type":"connection_init"}
      S> {"type":"connection_ack"}`);
  });

  it("closes at a second init", async () => {
    await transcript(`
      ${init}
      C> {"type":"connection_init"}
      S> close 4429`);
  });

  it("refuses a client for which onConnect throws, and serves others (S5-B2)", async () => {
    await using users = new Users({ onConnect: ({ user }) => (user === "nobody" ? failing() : undefined) });
    const unknown = `C> {"type":"connection_init","payload":{"user":"nobody"}}
                     S> {"type":"connection_error","payload":{"message":"Forbidden"}}
                     S> close 1011`;
    await play(users.fanfare, graphqlWs(), unknown);
    await play(users.fanfare, graphqlWs(), `${init}\n${subscribe}\n!> publish\n${event}`, users.happenings);
  });

  it("refuses an invalid token with connection_error and 1011, before any start (S5-W6)", async () => {
    await transcript(
      `C> {"type":"connection_init","payload":{"Authorization":"Bearer x"}}
       ${subscribe}
       S> {"type":"connection_error","payload":{"message":"{\\"Authorization\\": \\"Token is invalid or not provided.\\"}"}}
       S> close 1011`,
      { server: { onConnect: wrongToken } },
    );
  });

  it("reports an invalid token at the start without closing, by option (S5-W6)", async () => {
    const told = `S> {"type":"data","id":"2","payload":{"data":null,"errors":[{"message":"{\\"Authorization\\": \\"Token is invalid or not provided.\\"}"}]}}`;
    await transcript(
      `C> {"type":"connection_init","payload":{"Authorization":"Bearer x"}}
       ${subscribe}
       ${told}
       !> publish
       ${subscribe}
       ${told}`,
      { server: { onSubscribe: wrongToken }, deviations: { silent: true, errorsAsResults: true } },
    );
  });

  it("answers a start without a payload although it is silent otherwise (S5-W7)", async () => {
    await transcript(
      `C> {"type":"connection_init"}
       C> {"type":"start","id":"1"}
       S> {"type":"error","id":"1","payload":{"message":"\\"payload\\" of \\"start\\" must be an object"}}
       ${subscribe}
       !> publish
       ${event}`,
      { deviations: { silent: true, errorsAsResults: true } },
    );
  });

  it("sends neither acknowledgement nor keep-alives by option (S5-W5, S5-W8)", async () => {
    await transcript(
      `C> {"type":"connection_init","payload":{"Authorization":"Bearer x"}}
       ${subscribe}
       !> publish
       ${event}`,
      { deviations: { silent: true } },
    );
  });

  it("sends keep-alives by option, unless it is silent (PROTOCOL 10.7)", () => {
    expect(keepAlives({ keepAlives: true })).toEqual(['{"type":"ka"}']);
    expect(keepAlives({})).toEqual([]);
    expect(keepAlives({ keepAlives: true, silent: true })).toEqual([]);
  });
});
