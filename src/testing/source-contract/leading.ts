import { FanfareError } from "../../base/error.ts";
import type { Chapter } from "../contract-suite.ts";
import type { SourceCase } from "./case.ts";
import { given } from "./batch-reading.ts";
import type { Stage } from "./stage.ts";

export const leading: Chapter<Stage, SourceCase> = {
  name: "leading",
  cases: [
    {
      name: "reports that it leads before it gives a batch",
      async run(stage) {
        const reading = await stage.read();
        stage.expect(reading.states).toEqual(["leading"]);
        await stage.write((writer) => writer.insert(1, "Saab"));
        await stage.all(reading);
        stage.expect(reading.states).toEqual(["leading"]);
      },
    },
    {
      name: "lets one process read; a second one reports standby, and takes over within five seconds",
      async run(stage) {
        const first = await stage.read();
        const second = await stage.wait();
        await stage.told(second, () => second.states.length > 0, "word that another leads");
        await stage.write((writer) => writer.insert(1, "Saab"));
        await stage.all(first);
        stage.expect([second.states, second.captured]).toEqual([["standby"], []]);
        await first.stop();
        await stage.soon(() => second.states.includes("leading"), "the second to take over");
        stage.expect(second.states).toEqual(["standby", "leading"]);
        await stage.write((writer) => writer.insert(2, "Volvo"));
        const told = (await stage.all(second)).map((one) => (one.kind === "change" ? one.after?.["id"] : one.kind));
        stage.expect(told).toEqual(["2"]);
      },
    },
    {
      name: "gives a later leader a higher fencing token in the same scope",
      async run(stage) {
        const fences = [];
        for (let id = 1; id <= 3; id += 1) {
          const reading = await stage.read();
          await stage.write((writer) => writer.insert(id, "Saab"));
          await stage.all(reading);
          await reading.stop();
          fences.push(...reading.batches.map(({ fence }) => fence));
        }
        const tokens = fences.map(({ token }) => token);
        stage.expect(new Set(fences.map(({ scope }) => scope)).size).toBe(1);
        stage.expect(new Set(tokens).size).toBe(3);
        stage.expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
      },
    },
    {
      name: "rejects a confirmation of a process that no longer leads",
      async run(stage) {
        const source = await stage.source();
        const reading = await stage.readBatches(source);
        await stage.write((writer) => writer.insert(1, "Saab"));
        const stale = await stage.batch(reading);
        await reading.stop();
        const next = await stage.readBatches(await stage.source());
        const batch = await stage.batch(next);
        stage.expect(given(batch.changes)).toEqual(given(stale.changes));
        stage.expect([stale.leads(), batch.leads()]).toEqual([false, true]);
        const [confirmed] = await Promise.allSettled([stage.within(stale.confirm(), "an answer")]);
        stage.expect(confirmed.status === "rejected" && confirmed.reason instanceof FanfareError).toBe(true);
        // The late confirmation of the earlier leader had no effect.
        stage.expect(given((await stage.batch(next)).changes)).toEqual(given(batch.changes));
      },
    },
  ],
};
