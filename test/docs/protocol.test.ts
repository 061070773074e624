import { describe, expect, it } from "vitest";
import { errorCodes } from "../../src/base/error.ts";
import { closeCodes } from "../../src/base/close-code.ts";
import { defaultDocumentLimits } from "../../src/engine/document/limits.ts";
import { defaultTopicLimits } from "../../src/engine/plan/topic-limits.ts";
import { queueBound } from "../../src/declare/queue.ts";
import { resolveOptions } from "../../src/options.ts";
import { defaultSessionLimits } from "../../src/session/limits.ts";
import { defaultTransportLimits } from "../../src/transports/limits.ts";
import { chatSchema } from "../server/chat.ts";
import { files, read } from "../source-file.ts";
import { Markdown } from "./markdown.ts";

const protocol = new Markdown("PROTOCOL.md");
const sources = files("src/**/*.ts");

/** Constants that bound nothing: weights, places in memory, and the sizes from which another way is faster. */
const boundless: ReadonlySet<string> = new Set([
  ...[
    "bytesPerToken",
    "bytesPerError",
    "compiledBytes",
    "bytesPerCharacter",
    "topicBytes",
    "variableCopies",
    "entryLength",
    "fewest",
  ],
  ...["time", "hashed", "previous", "bucket", "width", "smallest"],
  ...["short", "shortText", "loopBytes", "scratchBytes", "referenceBytes"],
]);

/** Two columns of a table, in the order of its rows. */
function columns(
  table: readonly ReadonlyMap<string, string>[],
  ...names: readonly string[]
): readonly (readonly (string | undefined)[])[] {
  return table.map((row) => names.map((name) => row.get(name)));
}

/** A number as the documents write it. */
function written(value: unknown): string {
  if (value === Infinity) return "none";
  return typeof value === "number" ? value.toLocaleString("en-US") : String(value);
}

describe("PROTOCOL.md", () => {
  it("has every close code, and whether its client should come back", () => {
    const table = protocol.table("Code", "Name");
    expect(columns(table, "Code", "Name", "Reason", "Come back")).toEqual(
      Object.entries(closeCodes).map(([name, { code, reason, retry }]) => [
        String(code),
        name,
        reason,
        retry ? "yes" : "no",
      ]),
    );
  });

  it("has no close code that nobody sends", () => {
    const senders = sources.filter((file) => file !== "src/base/close-code.ts").map(read);
    const unsent = Object.keys(closeCodes).filter(
      (name) => !senders.some((text) => new RegExp(`\\bclose(?:s|Codes)\\.${name}\\b`).test(text)),
    );
    expect(unsent).toEqual([]);
  });

  it("has the limits of a connection, with their defaults", () => {
    expect(columns(protocol.table("Limit", "Default", "Over it"), "Limit", "Default")).toEqual(
      Object.entries(defaultSessionLimits).map(([name, value]) => [name, written(value)]),
    );
  });

  it("has the limits of an operation's topics, with their defaults", () => {
    expect(columns(protocol.table("Limit", "Default", "Is"), "Limit", "Default")).toEqual(
      Object.entries(defaultTopicLimits).map(([name, value]) => [name, written(value)]),
    );
  });

  it("has the limits of transports, with their defaults", () => {
    expect(columns(protocol.table("Limit", "Default", "Bounds"), "Limit", "Default")).toEqual(
      Object.entries(defaultTransportLimits).map(([name, value]) => [name, written(value)]),
    );
  });

  it("has the options that bound the server's own work, with their defaults", () => {
    const { documentCache, execution, keepAlive, linger, slice, warnAfter } = resolveOptions({ schema: chatSchema() });
    const nested = Object.entries({ execution, documentCache }).flatMap(([option, bounds]) =>
      Object.entries(bounds).map(([name, value]): [string, number] => [`${option}.${name}`, value]),
    );
    expect(columns(protocol.table("Option", "Default", "Is"), "Option", "Default")).toEqual(
      [...Object.entries({ keepAlive, warnAfter, linger, slice }), ...nested].map(([name, value]) => [
        name,
        written(value),
      ]),
    );
  });

  it("has every constant that bounds something", () => {
    const constants = sources
      .filter((file) => /^src\/(?:brokers|engine|operation|outbox|session|transports)\//.test(file))
      .flatMap((file) =>
        [...read(file).matchAll(/^(?:export )?const (\w+)(?:: number)? = (\d[\d_]*);$/gm)].map(
          ([, name = "", value = ""]) => ({
            name,
            row: `${name} of \`${file}\` is ${written(Number(value.replaceAll("_", "")))}`,
          }),
        ),
      )
      .filter(({ name }) => !boundless.has(name));
    const told = columns(protocol.table("Constant", "Value"), "Constant", "In", "Value").map(
      ([name, file, value]) => `${name} of ${file} is ${value}`,
    );
    expect(told.toSorted()).toEqual(constants.map(({ row }) => row).toSorted());
  });

  it("has the limits of a document, with their defaults", () => {
    expect(columns(protocol.table("Limit", "Default", "Counts"), "Limit", "Default")).toEqual(
      Object.entries(defaultDocumentLimits).map(([name, value]) => [name, written(value)]),
    );
  });

  it("has the bound of a queue, with its defaults", () => {
    const { key: _, ...bound } = queueBound();
    expect(columns(protocol.table("Bound", "Default"), "Bound", "Default")).toEqual(
      Object.entries(bound).map(([name, value]) => [name, written(value)]),
    );
  });

  it("has every code of a FanfareError, in the words of the code itself", () => {
    expect(columns(protocol.table("Code", "When", "What to do"), "Code", "When", "What to do")).toEqual(
      Object.entries(errorCodes).map(([code, { when, next }]) => [code, when, next]),
    );
  });

  it("has every code that a client's error may carry, and no other", () => {
    const internal = new Set(Object.keys(errorCodes));
    const used = sources
      .filter((file) => /^src\/(?:engine|operation|session|transports)\//.test(file))
      .flatMap((file) => [...read(file).matchAll(/"([A-Z]+(?:_[A-Z]+)+)"/g)].map(([, code = ""]) => code))
      .filter((code) => !internal.has(code));
    const told = protocol.table("Code", "When").map((row) => row.get("Code") ?? "");
    expect(told.toSorted()).toEqual([...new Set(used)].toSorted());
  });

  it("has every reason of a gap", () => {
    const union = /type GapReason =([^;]+);/.exec(read("src/contract/broker.ts"))?.[1] ?? "";
    const reasons = [...union.matchAll(/"(\w+)"/g)].map(([, reason]) => reason);
    expect(protocol.table("Reason", "Means").map((row) => row.get("Reason"))).toEqual(reasons);
  });

  it("has every clause that a comment or a test cites", () => {
    const sections = [...protocol.text.matchAll(/^## (\d+)\./gm)].map(([, number]) => number);
    const clauses = [...protocol.text.matchAll(/^- \*\*(\d+\.\d+)\*\*/gm)].map(([, number]) => number);
    const cited = files("{src,test,examples}/**/*.ts")
      .filter((file) => file !== "test/docs/protocol.test.ts")
      .flatMap((file) =>
        [...read(file).matchAll(/PROTOCOL(?:\.md)?,? (?:sections? )?(\d+(?:\.\d+)?)(?: to (\d+))?/g)].flatMap(
          ([, from = "", to]) => [from, ...(to ? [to] : [])].map((clause) => ({ file, clause })),
        ),
      );
    expect(cited.length).toBeGreaterThan(0);
    expect(cited.filter(({ clause }) => ![...sections, ...clauses].includes(clause))).toEqual([]);
  });

  it("numbers its clauses without a hole", () => {
    const clauses = [...protocol.text.matchAll(/^(?:## (\d+)\.|- \*\*(\d+)\.(\d+)\*\*)/gm)];
    let section = 0;
    let clause = 0;
    for (const [, heading, of, number] of clauses) {
      clause = heading ? 0 : clause + 1;
      if (heading) section += 1;
      expect([heading ?? of, number ?? "0"]).toEqual([String(section), String(clause)]);
    }
  });
});
