import { describe, it } from "vitest";
import type { Dialect } from "fanfare/contract";
import { graphqlSubscriptions } from "../../src/dialects/graphql-subscriptions.ts";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import { graphqlWs } from "../../src/dialects/graphql-ws.ts";
import { StandingTime } from "../session/standing-time.ts";
import { play } from "./transcript.ts";
import { Users } from "./users.ts";

async function transcript(dialect: Dialect, text: string): Promise<void> {
  const clock = new StandingTime();
  await using users = new Users({ clock, limits: { initMilliseconds: 60_000 } });
  const happenings = { ...users.happenings, "12 seconds": () => clock.advance(12_000) };
  await play(users.fanfare, dialect, text, happenings);
}

describe("A keep-alive", () => {
  it("is sent in graphql-subscriptions from the init to the end of the connection (S1-W2)", async () => {
    await transcript(
      graphqlSubscriptions(),
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

  it("is sent in graphql-ws with the acknowledgement, and from then on (S3-W2)", async () => {
    await transcript(
      graphqlWs(),
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

  it("is not sent in graphql-ws by option (S5-W5)", async () => {
    await transcript(
      graphqlWs({ silent: true }),
      `C> {"type":"connection_init","payload":{"Authorization":"Bearer x"}}
       !> 12 seconds`,
    );
  });

  it("is not sent in graphql-transport-ws (PROTOCOL 4.2)", async () => {
    await transcript(
      graphqlTransportWs(),
      `C> {"type":"connection_init"}
       S> {"type":"connection_ack"}
       !> 12 seconds
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
