import { describe, expect, it } from "vitest";
import { until } from "../faults/until.ts";
import { StandingTime } from "../session/standing-time.ts";
import { ChatServer } from "./chat-server.ts";
import { everyVersion } from "./drivers/every-version.ts";
import { Wire } from "./wire.ts";

describe.each(everyVersion)("subscriptions-transport-ws $version with its default settings", ({ subscribed }) => {
  it("subscribes, hears no message that it would wait for again, and gets an event, PROTOCOL 10.7", async () => {
    const clock = new StandingTime();
    await using server = await ChatServer.start({ clock });
    const wire = new Wire();
    const heard: unknown[] = [];
    const query = `subscription { messageAdded(room: "lobby") { text } }`;
    using open = new DisposableStack();
    open.use(subscribed(server.url, wire, query, (data) => heard.push(data)));
    await server.live(1);
    clock.advance(12_000);
    await until(
      () => wire.pings === 1,
      () => "the ping",
    );
    await server.publish("still here");
    await until(
      () => heard.length > 0,
      () => `the event; there is ${wire.messages.join()}`,
    );
    expect(heard).toEqual([{ messageAdded: { text: "still here" } }]);
    expect(wire.messages.filter((message) => /"(ka|keepalive)"/.test(message))).toEqual([]);
    expect(wire.opened).toBe(1);
  });
});
