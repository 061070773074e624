import { FanfareError } from "../../base/error.ts";
import type { Chapter } from "../contract-suite.ts";
import type { SourceCase } from "./case.ts";
import type { Stage } from "./stage.ts";

export const ending: Chapter<Stage, SourceCase> = {
  name: "ending",
  cases: [
    {
      name: "ends when its signal aborts, while it waits for changes or for the lease",
      async run(stage) {
        const [first, second] = [await stage.read(), await stage.wait()];
        await stage.told(second, () => second.states.includes("standby"), "word that another leads");
        await stage.within(second.stop(), "the end of a reading that waits for the lead");
        await stage.within(first.stop(), "the end of a reading that waits for changes");
        stage
          .expect([first.ended, first.error, second.ended, second.error])
          .toEqual([true, undefined, true, undefined]);
      },
    },
    {
      name: "ends when its signal aborts before a batch was confirmed, and gives no further batch",
      async run(stage) {
        const reading = await stage.readBatches(await stage.source());
        await stage.insertMany(250);
        await stage.batch(reading);
        reading.abort();
        stage.expect(await stage.within(reading.next(), "the end")).toBe(undefined);
      },
    },
    {
      name: "gives no batch for a signal that has aborted before",
      async run(stage) {
        const source = await stage.source();
        const changes = source.changes(AbortSignal.abort());
        const first = await stage.within(changes.next(), "the end");
        stage.expect(first.done).toBe(true);
      },
    },
    {
      name: "can be read again after a reading has ended",
      async run(stage) {
        const source = await stage.source();
        for (const id of [1, 2, 3]) {
          const reading = await stage.read(source);
          await stage.write((writer) => writer.insert(id, "Saab"));
          const told = (await stage.all(reading)).map((one) => (one.kind === "change" ? one.after?.["id"] : one.kind));
          stage.expect(told).toEqual([String(id)]);
          await reading.stop();
        }
      },
    },
    {
      name: "ends its readings when it is disposed: twice, twice at once, and without a reading",
      async run(stage) {
        const [source, unused] = [await stage.source(), await stage.source()];
        const reading = await stage.read(source);
        const ends = [source[Symbol.asyncDispose](), source[Symbol.asyncDispose]()];
        await stage.within(Promise.all(ends), "both ends");
        await stage.told(reading, () => reading.ended, "the end of the reading");
        await stage.within(source[Symbol.asyncDispose](), "the third end");
        await stage.within(unused[Symbol.asyncDispose](), "the end of a source that was not used");
      },
    },
    {
      name: "refuses each call after its disposal with CLOSED",
      async run(stage) {
        const source = await stage.source();
        await source[Symbol.asyncDispose]();
        const asked = await Promise.allSettled([
          stage.within(source.changes(new AbortController().signal).next(), "an answer"),
          stage.within(stage.snapshot(source), "an answer"),
        ]);
        const codes = asked.map((one) =>
          one.status === "rejected" && one.reason instanceof FanfareError ? one.reason.code : one,
        );
        stage.expect(codes).toEqual(["CLOSED", "CLOSED"]);
      },
    },
  ],
};
