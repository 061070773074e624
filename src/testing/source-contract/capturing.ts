import { systemClock } from "../../base/clock.ts";
import type { Captured } from "../../contract/captured.ts";
import type { Chapter } from "../contract-suite.ts";
import type { SourceCase } from "./case.ts";
import type { Stage } from "./stage.ts";

/** The tolerated difference between the clocks of the database and of this process, in milliseconds. */
const clockDifference = 60_000;

export const capturing: Chapter<Stage, SourceCase> = {
  name: "capturing",
  cases: [
    {
      name: "captures each committed change once, with the row before and after",
      async run(stage) {
        const reading = await stage.read();
        await stage.write((writer) => writer.insert(1, "Saab"));
        await stage.write((writer) => writer.update(1, null));
        await stage.write((writer) => writer.update(1, "Š'k\"o\\da"));
        await stage.write((writer) => writer.remove(1));
        stage.expect((await stage.all(reading)).map(shown)).toEqual([
          ["CREATED", null, { id: "1", make: "Saab" }],
          ["UPDATED", { id: "1", make: "Saab" }, { id: "1", make: null }],
          ["UPDATED", { id: "1", make: null }, { id: "1", make: "Š'k\"o\\da" }],
          ["DELETED", { id: "1", make: "Š'k\"o\\da" }, null],
        ]);
      },
    },
    {
      name: "captures a change's table, transaction and time",
      async run(stage) {
        const [reading, { table }] = [await stage.read(), await stage.database()];
        const began = systemClock.now();
        await stage.write(async (writer) => {
          await writer.insert(1, "Saab");
          await writer.insert(2, "Volvo");
        });
        await stage.write((writer) => writer.remove(1));
        await stage.all(reading);
        const [first, second, third] = reading.changes;
        for (const one of [first, second, third]) {
          const at = one?.at ?? 0;
          stage.expect([one?.kind, one?.table, one?.moved]).toEqual(["change", table, false]);
          stage.expect(/^\d+$/.test(one?.transaction ?? "")).toBe(true);
          stage.expect(at > began - clockDifference && at < systemClock.now() + clockDifference).toBe(true);
        }
        const transactions = [second?.transaction, third?.transaction].map((each) => each === first?.transaction);
        stage.expect(transactions).toEqual([true, false]);
      },
    },
    {
      name: "captures no change of a rolled-back transaction",
      async run(stage) {
        const source = await stage.source();
        const reading = await stage.read(source);
        await stage.write((writer) => writer.insert(1, "Saab"));
        await stage.undo((writer) => writer.update(1, "Fiat"));
        await stage.undo(async (writer) => {
          await writer.insert(2, "Fiat");
          await source.publish(writer.transaction, { topic: "lost", payload: 1 });
          await writer.remove(1);
        });
        await stage.undo((writer) => writer.truncate());
        stage.expect((await stage.all(reading)).map(shown)).toEqual([["CREATED", null, { id: "1", make: "Saab" }]]);
      },
    },
    {
      name: "captures the changes of a transaction in their order",
      async run(stage) {
        const reading = await stage.read();
        await stage.write(async (writer) => {
          await writer.insert(2, "a");
          await writer.insert(1, "b");
          await writer.update(2, "c");
          await writer.remove(1);
          await writer.insert(1, "d");
          await writer.update(2, "e");
        });
        const told = (await stage.all(reading)).map((one) => (one.kind === "change" ? one.after?.["make"] : one.kind));
        stage.expect(told).toEqual(["a", "b", "c", undefined, "d", "e"]);
      },
    },
    {
      name: "captures the changes of a row in the order of their commits",
      async run(stage) {
        const reading = await stage.read();
        await stage.write((writer) => writer.insert(1, "0"));
        const write = async (name: string): Promise<void> => {
          for (let round = 0; round < 15; round += 1) {
            await stage.write((writer) => writer.update(1, `${name}${round}`));
          }
        };
        await Promise.all(["a", "b", "c", "d"].map(write));
        await stage.all(reading);
        const changes = reading.changes.filter(({ after }) => after?.["id"] === "1");
        const before = changes.slice(1).map((change) => change.before?.["make"]);
        stage.expect(changes.length).toBe(61);
        stage.expect(before).toEqual(changes.slice(0, -1).map(({ after }) => after?.["make"]));
      },
    },
    {
      name: "captures an update of a primary key as DELETED and CREATED, both moved",
      async run(stage) {
        const reading = await stage.read();
        await stage.write((writer) => writer.insert(1, "Saab"));
        await stage.write((writer) => writer.move(1, 2));
        await stage.all(reading);
        const told = reading.changes.slice(0, 3).map((one) => [one.moved, ...shown(one)]);
        stage.expect(told).toEqual([
          [false, "CREATED", null, { id: "1", make: "Saab" }],
          [true, "DELETED", { id: "1", make: "Saab" }, null],
          [true, "CREATED", null, { id: "2", make: "Saab" }],
        ]);
      },
    },
    {
      name: "captures a truncate in its place, as a truncation or row by row",
      async run(stage) {
        const [reading, { table }] = [await stage.read(), await stage.database()];
        await stage.insertMany(2);
        await stage.write((writer) => writer.truncate());
        await stage.write((writer) => writer.insert(3, "Volvo"));
        const told = (await stage.all(reading)).map((one) => (one.kind === "truncation" ? one.table : shown(one)));
        const deleted = [1, 2].map((id) => ["DELETED", { id: String(id), make: `make ${id}` }, null]);
        stage.expect(told.slice(2, -1)).toEqual(told.length === 4 ? [table] : deleted);
        stage.expect(told.at(-1)).toEqual(["CREATED", null, { id: "3", make: "Volvo" }]);
      },
    },
    {
      name: "captures a large transaction completely, each change once",
      async run(stage) {
        const reading = await stage.read();
        await stage.insertMany(350);
        const ids = (await stage.all(reading)).map((one) => (one.kind === "change" ? one.after?.["id"] : one.kind));
        stage.expect(ids).toEqual(Array.from({ length: 350 }, (_, index) => String(index + 1)));
      },
    },
    {
      name: "captures changes that were committed while no process read",
      async run(stage) {
        const before = await stage.read();
        await before.stop();
        await stage.write((writer) => writer.insert(1, "Saab"));
        await stage.write((writer) => writer.update(1, "Volvo"));
        const reading = await stage.read();
        stage.expect((await stage.all(reading)).map(shown)).toEqual([
          ["CREATED", null, { id: "1", make: "Saab" }],
          ["UPDATED", { id: "1", make: "Saab" }, { id: "1", make: "Volvo" }],
        ]);
      },
    },
    {
      name: "captures a change when it commits, also after changes of transactions that began later",
      needs: ["overlapping"],
      async run(stage) {
        const reading = await stage.read();
        const { promise: released, resolve: release } = Promise.withResolvers<void>();
        const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
        const early = stage.write(async (writer) => {
          await writer.insert(1, "early");
          begin();
          await released;
        });
        await stage.within(begun, "a transaction that stays open");
        await stage.write((writer) => writer.insert(2, "late"));
        await stage.all(reading);
        stage.expect([reading.has("late"), reading.has("early")]).toEqual([true, false]);
        release();
        await early;
        await stage.told(reading, () => reading.has("early"), "the change that was committed late");
      },
    },
    {
      name: "captures no change before a new transaction can see it",
      async run(stage) {
        const source = await stage.source();
        const reading = await stage.read(source);
        const unseen: string[] = [];
        reading.check = async ({ changes }) => {
          const snapshot = await stage.snapshot(source);
          for (const one of changes) {
            if (one.kind === "change" && !snapshot.includes(one.transaction)) unseen.push(one.transaction);
          }
        };
        for (let round = 0; round < 20; round += 1) await stage.write((writer) => writer.insert(round, "Saab"));
        await stage.all(reading);
        stage.expect(unseen).toEqual([]);
      },
    },
    {
      name: "captures an event in its place among the changes of its transaction",
      async run(stage) {
        const source = await stage.source();
        const reading = await stage.read(source);
        const payload = { text: 'ü " \\ 🏊', list: [1, null, { deep: true }] };
        await stage.write(async (writer) => {
          await writer.insert(1, "Saab");
          await source.publish(writer.transaction, { topic: "rooms/1", payload, id: "own" });
          await source.publish(writer.transaction, { topic: "topic with ' and \"", payload: undefined });
          await writer.insert(2, "Volvo");
        });
        const told = (await stage.all(reading)).map((one) =>
          one.kind === "event" ? [one.topic, one.payload, one.id] : one.kind,
        );
        const nothing = ["topic with ' and \"", null, undefined];
        stage.expect(told).toEqual(["change", ["rooms/1", payload, "own"], nothing, "change"]);
      },
    },
    {
      name: "rejects an event that the database cannot store, and its transaction with it",
      async run(stage) {
        const source = await stage.source();
        const reading = await stage.read(source);
        const [written] = await Promise.allSettled([
          stage.write(async (writer) => {
            await writer.insert(1, "Saab");
            await source.publish(writer.transaction, { topic: "rooms", payload: "\u0000" });
          }),
        ]);
        stage.expect(written.status).toBe("rejected");
        stage.expect(await stage.all(reading)).toEqual([]);
      },
    },
  ],
};

function shown(one: Captured): readonly unknown[] {
  return one.kind === "change" ? [one.action, one.before, one.after] : [one.kind];
}
