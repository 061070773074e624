import { placeId } from "../../contract/place.ts";
import type { Chapter } from "../contract-suite.ts";
import { given } from "./batch-reading.ts";
import type { SourceCase } from "./case.ts";
import type { Reading } from "./reading.ts";
import type { Stage } from "./stage.ts";

export const confirming: Chapter<Stage, SourceCase> = {
  name: "confirming",
  cases: [
    {
      name: "gives each change a place after the one before, in non-empty batches",
      async run(stage) {
        const reading = await stage.read();
        await stage.insertMany(120);
        for (let id = 1; id <= 30; id += 1) await stage.write((writer) => writer.update(id, "Saab"));
        stage.expect((await stage.all(reading)).length).toBe(150);
        stage.expect(given(reading.captured).size).toBe(reading.captured.length);
        stage.expect(reading.faults).toEqual([]);
      },
    },
    {
      name: "gives an unconfirmed batch again, with the same places, when the next is requested",
      async run(stage) {
        const reading = await stage.readBatches(await stage.source());
        await stage.write((writer) => writer.insert(1, "Saab"));
        const first = await stage.batch(reading);
        const again = await stage.batch(reading);
        stage.expect(given(again.changes)).toEqual(given(first.changes));
        await again.confirm();
        await stage.write((writer) => writer.insert(2, "Volvo"));
        const later = await stage.batch(reading);
        const rows = later.changes.map((one) => (one.kind === "change" ? one.after : one.kind));
        stage.expect(rows).toEqual([{ id: "2", make: "Volvo" }]);
        await later.confirm();
      },
    },
    {
      name: "gives unconfirmed changes to the next leader, with the same places and `mayRepeat`",
      async run(stage) {
        const source = await stage.source();
        const reading = await stage.readBatches(source);
        await stage.insertMany(250);
        const told = new Map<string, string>();
        let batch = await stage.batch(reading);
        for (const [id, change] of given(batch.changes)) told.set(id, change);
        while (told.size < 150) {
          await batch.confirm();
          batch = await stage.batch(reading);
          for (const [id, change] of given(batch.changes)) told.set(id, change);
        }
        await stage.within(source[Symbol.asyncDispose](), "the end of the source");
        await reading.stop();
        await stage.write((writer) => writer.update(1, "Saab"));
        const next = await stage.read();
        await stage.all(next);
        const again = given(next.captured);
        const missing = [...given(batch.changes)].filter(([id]) => !again.has(id));
        const changed = [...told].filter(([id, change]) => again.has(id) && again.get(id) !== change);
        stage.expect([missing, changed]).toEqual([[], []]);
        stage.expect(undeclared(next, told)).toEqual([]);
        // 250 rows, an update, and a marker: no change has two places.
        stage.expect(new Set([...told.keys(), ...again.keys()]).size).toBe(252);
      },
    },
    {
      name: "does not give confirmed changes again",
      async run(stage) {
        const first = await stage.read();
        await stage.insertMany(120);
        await stage.all(first);
        await first.stop();
        await stage.write((writer) => writer.remove(1));
        const second = await stage.read();
        const told = (await stage.all(second)).map((one) => (one.kind === "change" ? one.action : one.kind));
        stage.expect(told).toEqual(["DELETED"]);
        const known = given(first.captured);
        stage.expect([...given(second.captured).keys()].filter((id) => known.has(id))).toEqual([]);
      },
    },
  ],
};

/** The repeated changes of batches without `mayRepeat`. If it is undefined, the first `major` of a lead may repeat. */
function undeclared({ batches, captured }: Reading, told: ReadonlyMap<string, string>): readonly string[] {
  const beginning = captured[0]?.place.major;
  return batches.flatMap(({ changes, mayRepeat }) => {
    const repeated = changes.filter(({ place }) => told.has(placeId(place)));
    return repeated.filter(({ place }) => !(mayRepeat ?? place.major === beginning)).map(({ place }) => placeId(place));
  });
}
