import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import type { Fanfare } from "fanfare";
import { turns } from "fanfare/testing";
import { connected } from "../server/connected.ts";
import { tickServer, type Tick } from "./ticks.ts";

/** Whose request is being served, as applications keep it. */
class Requests {
  readonly seen: string[] = [];
  readonly #storage = new AsyncLocalStorage<string>();

  /** Notes in whose request a place of the application runs. */
  note(place: string): void {
    const user = this.#storage.getStore();
    this.seen.push(user === undefined ? place : `${place} as ${user}`);
  }

  async as(user: string, work: () => Promise<unknown>): Promise<void> {
    await this.#storage.run(user, work);
  }
}

function server(requests: Requests, kind: "sync" | "async"): Fanfare {
  const pause = (): Promise<void> | undefined => (kind === "async" ? turns(1) : undefined);
  const after = <Value>(place: string, value: Value): Value | Promise<Value> => {
    requests.note(place);
    return (
      pause()?.then(() => {
        requests.note(`${place} later`);
        return value;
      }) ?? value
    );
  };
  return tickServer(
    {
      a: {
        filter: () => after("filter", true),
        resolve: (tick: Tick) => after("resolve", tick),
        visible: () => {
          requests.note("visible");
          return true;
        },
        queue: {
          messages: 1,
          overflow: "latest",
          key: () => {
            requests.note("key");
            return "";
          },
        },
        onUnsubscribe: () => requests.note("unsubscribe of the field"),
      },
    },
    {
      context: () => {
        requests.note("context");
        return {};
      },
      sharedContext: () => {
        requests.note("shared context");
        return {};
      },
      formatResponse: (result) => {
        requests.note("format");
        return result;
      },
      onUnsubscribe: () => requests.note("unsubscribe"),
      onDisconnect: () => requests.note("disconnect"),
    },
  );
}

describe("The request of a publisher is seen by nobody else:", () => {
  it.each(["sync", "async"] as const)("not by what happens to its event, with %s functions", async (kind) => {
    const requests = new Requests();
    await using fanfare = server(requests, kind);
    await using client = await connected(fanfare);
    await using other = await connected(fanfare);
    const id = await client.subscribe("subscription { a { n } }");
    await other.subscribe("subscription { a { n } }");
    requests.seen.length = 0;
    other.pause();
    await requests.as("ada", async () => {
      for (const n of [1, 2]) {
        await fanfare.publish("a", { n });
        await turns(6);
      }
    });
    await client.receiveNext(id);
    await client.receiveNext(id);
    expect(requests.seen).toContain(kind === "async" ? "resolve later" : "resolve");
    for (const place of ["filter", "visible", "key", "format", "shared context"])
      expect(requests.seen).toContain(place);
    expect(requests.seen.filter((place) => place.includes(" as "))).toEqual([]);
  });

  it("not by what a burst of events sets off at once", async () => {
    const requests = new Requests();
    await using fanfare = server(requests, "sync");
    await using client = await connected(fanfare);
    await client.subscribe("subscription { a { n } }");
    requests.seen.length = 0;
    await requests.as("ada", () => Promise.all(Array.from({ length: 200 }, (_, n) => fanfare.publish("a", { n }))));
    await turns(4);
    // Some in the first round; of the others `latest` keeps the newest.
    expect(requests.seen.filter((place) => place === "visible").length).toBeGreaterThan(1);
    expect(requests.seen.filter((place) => place.includes(" as "))).toEqual([]);
  });

  it("not by the hooks of an operation that it ends", async () => {
    const requests = new Requests();
    await using fanfare = server(requests, "sync");
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { a { n } }");
    requests.seen.length = 0;
    await requests.as("ada", () => fanfare.end("a"));
    await client.receiveComplete(id);
    await turns(1);
    expect(requests.seen).toEqual(["unsubscribe of the field", "unsubscribe"]);
  });

  it("not by the hooks of a connection that is closed for being too slow", async () => {
    const requests = new Requests();
    await using fanfare = tickServer(
      { a: { queue: { messages: 1 }, onUnsubscribe: () => requests.note("unsubscribe") } },
      { onDisconnect: () => requests.note("disconnect") },
    );
    await using client = await connected(fanfare);
    await client.subscribe("subscription { a { n } }");
    client.pause();
    await requests.as("ada", async () => {
      for (const n of [1, 2]) {
        await fanfare.publish("a", { n });
        await turns(2);
      }
    });
    await client.waitDisconnect(4413);
    expect(requests.seen).toEqual(["unsubscribe", "disconnect"]);
  });
});
