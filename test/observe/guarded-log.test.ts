import { describe, expect, it } from "vitest";
import { createFanfare } from "fanfare";
import { TestClient } from "fanfare/testing";
import { guardedLog } from "../../src/observe/guarded-log.ts";
import { chatSchema } from "../server/chat.ts";
import { NotingLog } from "../server/noting-log.ts";
import { unwritableFields } from "../server/unwritable.ts";

/** A log that writes JSON, and so throws for details without a JSON form. */
class JsonLog extends NotingLog {
  override error(message: string, details: object): void {
    super.error(JSON.stringify({ message, ...details }), {});
  }
}

describe("A log that throws", () => {
  it("does not keep a client from hearing of an error", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(unwritableFields), log: new JsonLog() });
    await using client = new TestClient(fanfare);
    await client.connectAndInit();
    const id = client.start("subscription { breaks }");
    await client.receive({ id, type: "next" });
    expect(await client.receive({ id, type: "error" })).toMatchObject({
      payload: [{ message: "Internal server error" }],
    });
  });

  it("is no failure of the code that logs, whatever the details are", () => {
    const log = guardedLog(new JsonLog());
    expect(() => log.error("It failed", { row: 10n })).not.toThrow();
    const hostile = {
      [Symbol.for("nodejs.util.inspect.custom")]() {
        throw new Error("not to be looked at");
      },
    };
    expect(() => log.error("It failed", { row: 10n, hostile })).not.toThrow();
  });
});

describe("A guarded log", () => {
  it("hands on what it is told, and has `debug` exactly if the log has it", () => {
    const log = new NotingLog();
    const told: string[] = [];
    expect("debug" in guardedLog(log)).toBe(false);
    guardedLog(log).warn("careful", { at: 1 });
    guardedLog({ warn() {}, error() {}, debug: (message) => told.push(message) }).debug?.("why", {});
    expect(log.entries).toEqual([{ level: "warn", message: "careful", details: { at: 1 } }]);
    expect(told).toEqual(["why"]);
  });
});
