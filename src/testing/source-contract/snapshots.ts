import { FanfareError } from "../../base/error.ts";
import type { CapturedRow } from "../../contract/captured.ts";
import type { SnapshotRequest, TableSnapshot } from "../../contract/source.ts";
import type { Chapter } from "../contract-suite.ts";
import type { SourceCase } from "./case.ts";
import type { Stage } from "./stage.ts";

export const snapshots: Chapter<Stage, SourceCase> = {
  name: "snapshots",
  cases: [
    {
      name: "shows the committed rows, in the order of their keys",
      async run(stage) {
        const source = await stage.source();
        stage.expect((await stage.snapshot(source)).rows).toEqual([]);
        for (const id of [10, 9, 2]) await stage.write((writer) => writer.insert(id, `make ${id}`));
        await stage.write((writer) => writer.update(9, null));
        await stage.undo((writer) => writer.insert(3, "Fiat"));
        await stage.undo((writer) => writer.remove(2));
        const rows = [
          { id: "2", make: "make 2" },
          { id: "9", make: null },
          { id: "10", make: "make 10" },
        ];
        stage.expect((await stage.snapshot(source)).rows).toEqual(rows);
      },
    },
    {
      name: "does not show uncommitted changes",
      needs: ["overlapping"],
      async run(stage) {
        const source = await stage.source();
        await stage.write((writer) => writer.insert(1, "Saab"));
        await stage.write(async (writer) => {
          await writer.insert(2, "Volvo");
          await writer.remove(1);
          stage.expect((await stage.snapshot(source)).rows).toEqual([{ id: "1", make: "Saab" }]);
        });
        stage.expect((await stage.snapshot(source)).rows).toEqual([{ id: "2", make: "Volvo" }]);
      },
    },
    {
      name: "shows only rows with the required values",
      async run(stage) {
        const source = await stage.source();
        const makes = ["Saab", null, "Saab", 'o\'r "x" --', ""];
        for (const [index, make] of makes.entries()) await stage.write((writer) => writer.insert(index, make));
        const asked: readonly CapturedRow[] = [
          { make: "Saab" },
          { make: null },
          { make: 'o\'r "x" --' },
          { make: "" },
          { id: "2", make: "Saab" },
          { make: "' or true --" },
          {},
        ];
        const found = [];
        for (const equal of asked) found.push((await stage.snapshot(source, { equal })).rows.map((row) => row["id"]));
        stage.expect(found).toEqual([["0", "2"], ["1"], ["3"], ["4"], ["2"], [], ["0", "1", "2", "3", "4"]]);
      },
    },
    {
      name: "shows at most `limit` rows, and fails with OVERFLOW for more",
      async run(stage) {
        const source = await stage.source();
        await stage.insertMany(3);
        stage.expect((await stage.snapshot(source, { limit: 3 })).rows.length).toBe(3);
        stage.expect(await codeOf(stage, { limit: 2 })).toBe("OVERFLOW");
      },
    },
    {
      name: "fails with SOURCE_NOT_READY for a missing table or column",
      async run(stage) {
        const { table } = await stage.database();
        const asked: readonly Partial<SnapshotRequest>[] = [
          { table: { ...table, name: "there is none" } },
          { key: ["there is none"] },
          { equal: { "there is none": "1" } },
        ];
        const codes = [];
        for (const request of asked) codes.push(await codeOf(stage, request));
        stage.expect(codes).toEqual(codes.map(() => "SOURCE_NOT_READY"));
      },
    },
    {
      name: "reads nothing for a signal that has aborted",
      async run(stage) {
        const [source, { table }] = [await stage.source(), await stage.database()];
        const asked = source.snapshot({ table, key: ["id"], limit: 10 }, AbortSignal.abort());
        const [read] = await Promise.allSettled([stage.within(asked, "an answer")]);
        stage.expect(read.status).toBe("rejected");
        stage.expect((await stage.snapshot(source)).rows).toEqual([]);
      },
    },
    {
      name: "tells which transactions it includes, so that snapshot and changes can be joined",
      async run(stage) {
        const source = await stage.source();
        const reading = await stage.read(source);
        await stage.insertMany(20);
        // Each writer inserts and removes rows of its own, and all of them update one row.
        const write = async (own: number): Promise<void> => {
          for (let round = 0; round < 18; round += 1) {
            const id = 1 + own + 3 * (round % 6);
            await stage.write(async (writer) => {
              await writer.remove(id);
              await writer.insert(id, `${own} ${round}`);
            });
            await stage.write((writer) => writer.update(20, `${own} ${round}`));
          }
        };
        const taken: TableSnapshot[] = [];
        const look = async (): Promise<void> => {
          while (taken.length < 12) taken.push(await stage.snapshot(source));
        };
        await Promise.all([write(0), write(1), write(2), look()]);
        await stage.all(reading);
        const { rows } = await stage.snapshot(source);
        for (const snapshot of taken) {
          const state = new Map(snapshot.rows.map((row) => [row["id"], row]));
          for (const { after, before, transaction } of reading.changes) {
            if (snapshot.includes(transaction)) continue;
            if (after) state.set(after["id"], after);
            else state.delete(before?.["id"]);
          }
          const joined = [...state.values()].filter((row) => Number(row["id"]) <= 20);
          stage.expect(joined.toSorted((a, b) => Number(a["id"]) - Number(b["id"]))).toEqual(rows);
        }
      },
    },
  ],
};

/** The code of the error by which a snapshot fails. */
async function codeOf(stage: Stage, request: Partial<SnapshotRequest>): Promise<unknown> {
  const [read] = await Promise.allSettled([stage.snapshot(await stage.source(), request)]);
  return read.status === "rejected" && read.reason instanceof FanfareError ? read.reason.code : read;
}
