import { FanfareError } from "../../base/error.ts";
import type { Chapter } from "./case.ts";

export const closing: Chapter = {
  name: "closing",
  cases: [
    {
      name: "gives a receipt for every publish while it closes",
      async run(stage) {
        const station = await stage.station();
        const topic = stage.topic();
        await station.subscribe(topic);
        const calls = stage.events(topic, 20).map((event) => station.broker.publish([event]));
        const closed = station[Symbol.asyncDispose]();
        const late = station.broker.publish([stage.event(topic)]);
        await stage.within(closed, "the end");
        const receipts = (await stage.within(Promise.all([...calls, late]), "receipts")).flat();
        stage.expect(receipts.length).toBe(21);
        const words = new Set(["stored", "notStored", "unknown"]);
        stage.expect(receipts.every((receipt) => Object.keys(receipt).every((key) => words.has(key)))).toBe(true);
      },
    },
    {
      name: "refuses a publish after its end with CLOSED",
      async run(stage) {
        const station = await stage.station();
        await station[Symbol.asyncDispose]();
        const receipts = await station.broker.publish(stage.events(stage.topic(), 2));
        const codes = receipts.map((receipt) => {
          const error = "notStored" in receipt ? receipt.notStored : undefined;
          return error instanceof FanfareError ? error.code : error;
        });
        stage.expect(codes).toEqual(["CLOSED", "CLOSED"]);
      },
    },
    {
      name: "does not call the sink after its end",
      supports: ["acrossProcesses"],
      async run(stage) {
        const [listener, publisher] = [await stage.station(), await stage.station()];
        const topic = stage.topic();
        await listener.subscribe(topic);
        await listener[Symbol.asyncDispose]();
        await publisher.publish(stage.event(topic));
        await stage.settle(publisher, publisher);
        stage.expect(listener.payloads(topic)).toEqual([]);
      },
    },
    {
      name: "does not disturb other processes when it ends",
      supports: ["acrossProcesses"],
      async run(stage) {
        const [leaver, listener, publisher] = [await stage.station(), await stage.station(), await stage.station()];
        const topic = stage.topic();
        await leaver.subscribe(topic);
        await listener.subscribe(topic);
        await leaver[Symbol.asyncDispose]();
        const event = stage.event(topic);
        await publisher.publish(event);
        await stage.heard(listener, topic, [event]);
      },
    },
    {
      name: "can be disposed twice, twice at once, and before it was opened",
      async run(stage) {
        const station = await stage.station();
        await station.subscribe(stage.topic());
        const ends = [station[Symbol.asyncDispose](), station[Symbol.asyncDispose]()];
        await stage.within(Promise.all(ends), "both ends");
        await stage.within(station[Symbol.asyncDispose](), "the third end");
        const unopened = await stage.options.create();
        await unopened[Symbol.asyncDispose]();
      },
    },
  ],
};
