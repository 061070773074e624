import { describe, it } from "vitest";
import type { Dialect } from "fanfare/contract";
import { graphqlSubscriptions } from "../../src/dialects/graphql-subscriptions.ts";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import { graphqlWs } from "../../src/dialects/graphql-ws.ts";
import { StandingTime } from "../session/standing-time.ts";
import { play } from "./transcript.ts";
import { Users } from "./users.ts";

async function transcript(
  dialect: Dialect,
  text: string,
  options: ConstructorParameters<typeof Users>[0] = {},
): Promise<void> {
  const clock = new StandingTime();
  await using users = new Users({ clock, limits: { initMilliseconds: 60_000 }, ...options });
  const happenings = { ...users.happenings, "12 seconds": () => clock.advance(12_000) };
  await play(users.fanfare, dialect, text, happenings);
}

describe("A keep-alive", () => {
  it.each([
    [graphqlSubscriptions(), '{"type":"init"}', '{"type":"init_success"}', "S1-W2"],
    [graphqlWs(), '{"type":"connection_init"}', '{"type":"connection_ack"}', "S3-W2"],
    [graphqlTransportWs(), '{"type":"connection_init"}', '{"type":"connection_ack"}', "PROTOCOL 4.2"],
  ])("is no message in $name unless asked for: clients watch for more from the first on", async (dialect, ...said) => {
    const [init, acknowledgement] = said;
    await transcript(
      dialect,
      `!> 12 seconds
       C> ${init}
       S> ${acknowledgement}
       !> 12 seconds
       !> 12 seconds`,
    );
  });

  it("is not begun where no pings are sent, since clients leave when none follows (PROTOCOL 10.7)", async () => {
    const options = { keepAlive: Infinity };
    await transcript(
      graphqlWs({ keepAlives: true, greeting: true }),
      `C> {"type":"connection_init"}
       S> {"type":"connection_ack"}
       !> 12 seconds`,
      options,
    );
    await transcript(
      graphqlSubscriptions({ keepAlives: true, greeting: true }),
      `C> {"type":"init"}
       S> {"type":"init_success"}
       !> 12 seconds`,
      options,
    );
  });

  it("is sent in graphql-subscriptions from the init to the end of the connection, by option (S1-W2)", async () => {
    await transcript(
      graphqlSubscriptions({ keepAlives: true }),
      `!> 12 seconds
       C> {"type":"init"}
       S> {"type":"init_success"}
       !> 12 seconds
       S> {"type":"keepalive"}
       !> 12 seconds
       S> {"type":"keepalive"}`,
    );
  });

  it("is sent in graphql-subscriptions at once, before the init, by option (S1-W2)", async () => {
    await transcript(
      graphqlSubscriptions({ greeting: true }),
      `S> {"type":"keepalive"}
       C> {"type":"init"}
       S> {"type":"init_success"}
       !> 12 seconds
       S> {"type":"keepalive"}`,
    );
  });

  it("is sent in graphql-ws with the acknowledgement, and from then on, by option (S3-W2)", async () => {
    await transcript(
      graphqlWs({ keepAlives: true }),
      `!> 12 seconds
       C> {"type":"connection_init","payload":{"token":"x"}}
       S> {"type":"connection_ack"}
       S> {"type":"ka"}
       !> 12 seconds
       S> {"type":"ka"}
       !> 12 seconds
       S> {"type":"ka"}`,
    );
  });

  it("is sent in graphql-ws at once, before the init, by option (S4-W1)", async () => {
    await transcript(
      graphqlWs({ greeting: true }),
      `S> {"type":"ka"}
       C> {"type":"connection_init"}
       S> {"type":"connection_ack"}
       S> {"type":"ka"}
       !> 12 seconds
       S> {"type":"ka"}`,
    );
  });

  it("is not sent in graphql-ws if that is silent (S5-W5)", async () => {
    await transcript(
      graphqlWs({ silent: true, keepAlives: true }),
      `C> {"type":"connection_init","payload":{"Authorization":"Bearer x"}}
       !> 12 seconds`,
    );
  });

  it("is a ping in graphql-transport-ws by option, though not at once (S3-W20)", async () => {
    await transcript(
      graphqlTransportWs({ pings: true }),
      `!> 12 seconds
       C> {"type":"connection_init","payload":{}}
       S> {"type":"connection_ack"}
       !> 12 seconds
       S> {"type":"ping"}
       C> {"type":"pong"}
       !> 12 seconds
       S> {"type":"ping"}`,
    );
  });

  it("is a ping in graphql-transport-ws from before the init on, by option (S4-W1)", async () => {
    await transcript(
      graphqlTransportWs({ greeting: true, pings: true }),
      `S> {"type":"ping"}
       C> {"type":"pong"}
       C> {"type":"connection_init"}
       S> {"type":"connection_ack"}
       !> 12 seconds
       S> {"type":"ping"}
       C> {"type":"pong"}`,
    );
  });
});
