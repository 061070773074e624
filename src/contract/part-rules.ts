import { anObjectWith, propertyOf, type Rule } from "../base/rule.ts";

const dispose = Symbol.asyncDispose;

/** A {@link Broker}. */
export const aBroker: Rule = anObjectWith(
  "a broker, such as memoryBroker()",
  ["open", "subscribe", "unsubscribe", "publish", dispose],
  brokerCure,
);

function brokerCure(value: unknown): string | undefined {
  if (typeof value === "function") return `Call it: ${value.name}()`;
  const isEngine = ["publish", "subscribe"].every((name) => typeof propertyOf(value, name) === "function");
  if (!isEngine) return undefined;
  return "For a PubSub engine, write pubSubEngineBroker(engine), of fanfare/brokers/pubsub-engine";
}

/** A {@link TableReader}. */
export const aTableReader: Rule = anObjectWith(
  "a source, such as postgresOutbox({ client: pool })",
  ["snapshot"],
  sourceCure,
);

/** A {@link Source}. */
export const aSource: Rule = anObjectWith(
  "a source, such as postgresOutbox({ client: pool })",
  ["changes", "snapshot", "publish", dispose],
  sourceCure,
);

function sourceCure(value: unknown): string | undefined {
  if (typeof propertyOf(value, "query") !== "function") return undefined;
  return "Give the database to postgresOutbox({ client }), of fanfare/sources/postgres-outbox";
}

/** A {@link Clock}. */
export const aClock: Rule = anObjectWith("a clock, such as systemClock or fakeClock()", [
  "now",
  "after",
  "every",
  "defer",
]);

/** A {@link Log}. */
export const aLog: Rule = anObjectWith(
  "an object with functions warn and error, such as console, consoleLog or silentLog",
  ["warn", "error"],
  (value) => (value === false || value === null ? "To log nothing, write silentLog" : undefined),
);

/** A {@link Dialect}. */
export const aDialect: Rule = anObjectWith("a dialect", ["decode", "encode", "envelope"], (value) => {
  if (typeof value === "function") return `Call it: ${value.name}()`;
  return typeof value === "string"
    ? "Write its function, such as graphqlTransportWs(), of fanfare/dialects"
    : undefined;
});

/** A {@link Socket}. */
export const aSocket: Rule = anObjectWith("a socket, as the Socket of fanfare/contract", [
  "write",
  "ping",
  "close",
  "terminate",
]);
