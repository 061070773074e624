import * as fc from "fast-check";
import { inspect } from "node:util";
import {
  defaultFieldResolver,
  getOperationAST,
  isObjectType,
  parse,
  printSchema,
  stripIgnoredCharacters,
  subscribe,
  type ExecutionResult,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
} from "graphql";
import { createFanfare, silentLog, type Fanfare, type FanfareOptions, type OperationRequest } from "fanfare";
import { TestClient, turns } from "fanfare/testing";
import { drawDocument, drawVariables } from "../engine/arbitrary-document.ts";
import type { ScenarioOptions } from "../engine/arbitrary-scenario.ts";
import { drawSchema, type SchemaPlan } from "../engine/arbitrary-schema.ts";
import { drawValue } from "../engine/arbitrary-value.ts";
import { Draw } from "../engine/draw.ts";
import { ReadCount } from "../engine/read-count.ts";
import { coerceVariables } from "../../src/engine/document/variables.ts";
import { contextKinds, type ContextKind } from "./arbitrary-context.ts";
import { EventField, withEvent, type Envelope, type FieldKind, type Viewing } from "./arbitrary-event-field.ts";

export interface AudienceOptions extends ScenarioOptions {
  readonly kinds: readonly FieldKind[];
  /** Whether the server may be told that results depend on the viewer's name alone. */
  readonly shareBy: boolean;
  /** Whether contexts are of any kind, and a resolver may be replaced while clients listen. Default false. */
  readonly unruly?: boolean;
  /** Whether events count how often their properties are read. Default false. */
  readonly counted?: boolean;
}

/** A resolver that is replaced before an event, by one that looks at the viewer. */
interface Replacement {
  readonly before: number;
  readonly field: GraphQLField<unknown, unknown>;
}

const unlimited: NonNullable<FanfareOptions["limits"]> = {
  characters: Infinity,
  tokens: Infinity,
  depth: Infinity,
  aliases: Infinity,
  directives: Infinity,
  cost: Infinity,
  repeats: Infinity,
  introspection: Infinity,
};

export interface Listener extends Viewing {
  readonly request: OperationRequest & { readonly variables: Readonly<Record<string, unknown>> };
  /** Before which event it subscribes, and before which it stops; undefined for one that stays to the end. */
  readonly comes: number;
  readonly goes: number | undefined;
}

/** The results of each client, in order. */
export type Sent = readonly (readonly string[])[];

/** A schema, its subscription `event`, events, and clients that subscribe to them. */
export class Audience {
  readonly plan: SchemaPlan;
  readonly field: EventField;
  readonly listeners: readonly Listener[];
  readonly envelopes: readonly Envelope[];
  /** Whether some clients write the same document in another way. */
  readonly reformatted: boolean;
  /** Undefined where events do not count. */
  readonly reads: ReadCount | undefined;
  readonly #shareBy: boolean;
  readonly #formatsResponses: boolean;
  readonly #contextKind: ContextKind | undefined;
  readonly #replacement: Replacement | undefined;
  /** Turns of the event loop after each event. */
  readonly #pauses: readonly number[];

  constructor(draw: Draw, options: AudienceOptions) {
    this.plan = drawSchema(draw, options);
    this.field = new EventField(draw, options.kinds);
    this.reformatted = draw.chance(10);
    this.#shareBy = options.shareBy && draw.chance(40);
    this.#formatsResponses = draw.chance(10);
    this.reads = options.counted ? new ReadCount() : undefined;
    this.envelopes = draw.times(options.events, (index) => this.#envelope(draw, index, options.oddity));
    this.#pauses = draw.times(options.events, () => draw.pick([0, 0, 1, 5]));
    this.listeners = this.#draws(draw);
    if (!options.unruly) return;
    this.#contextKind = draw.pick(["plain", "hidden", "bare", "frozen", "instance", "map"] as const);
    const fields = fieldsOf(this.plan.schema);
    // A source of the field's own brings all its events at once.
    if (fields.length === 0 || this.field.kind === "foreign" || !draw.chance(40)) return;
    this.#replacement = { before: draw.count(1, options.events - 1), field: draw.pick(fields) };
  }

  /** Runs a server for them. */
  async serve(): Promise<Sent> {
    const { field, envelopes } = this;
    await using fanfare: Fanfare<Viewing> = createFanfare<Viewing>({
      schema: withEvent(this.plan.schema, field.served(envelopes)),
      log: silentLog,
      onConnect: ({ viewer }) => ({ viewer }),
      formatError: (error) => error.toJSON(),
      limits: unlimited,
      ...(field.kind.startsWith("trigger") && { triggers: field.triggers }),
      ...(this.#shareBy && { shareBy: ({ viewer }) => viewer }),
      ...(this.#formatsResponses && { formatResponse: (result) => result }),
      ...(this.#contextKind && {
        context: ({ connection }) => this.#contextOf(String(Reflect.get(Object(connection.connected), "viewer"))),
      }),
    });
    const { resolve } = this.#replacement?.field ?? {};
    const clients = this.listeners.map(() => new TestClient(fanfare));
    for (const [index, envelope] of envelopes.entries()) {
      await this.#change(clients, index);
      if (this.#replacement?.before === index) await this.#replace();
      void fanfare.publish(envelope.topics, field.payloadOf(envelope));
      await turns(this.#pauses[index] ?? 0);
    }
    void fanfare.end("event");
    const results = await Promise.all(clients.map(received));
    if (this.#replacement) this.#replacement.field.resolve = resolve;
    return results.map((each) => this.#comparable(each));
  }

  /** Clients come and go, when those who are there have what was published before. */
  async #change(clients: readonly TestClient[], event: number): Promise<void> {
    for (const [index, { viewer, request, comes, goes }] of this.listeners.entries()) {
      if (comes !== event && goes !== event) continue;
      await turns(2);
      if (comes === event) {
        await clients[index]?.connectAndInit({ viewer });
        await clients[index]?.subscribe(request);
      } else {
        clients[index]?.complete("1");
        clients[index]?.send({ type: "ping" });
      }
    }
  }

  /** What graphql-js would send to each client if there were no other. */
  async alone(): Promise<Sent> {
    const replacement = this.#replacement;
    if (!replacement) return Promise.all(this.listeners.map((listener) => this.#aloneFor(listener)));
    const { before, field } = replacement;
    const { resolve } = field;
    const first = await Promise.all(this.listeners.map((listener) => this.#aloneFor(listener, 0, before)));
    field.resolve = looking;
    const second = await Promise.all(this.listeners.map((listener) => this.#aloneFor(listener, before)));
    field.resolve = resolve;
    // Errors of the request come once.
    return first.map((sent, index) => (sent[0]?.startsWith("error") ? sent : [...sent, ...(second[index] ?? [])]));
  }

  /** Replaces the resolver when everything that was published before has been executed. */
  async #replace(): Promise<void> {
    await turns(20);
    if (this.#replacement) this.#replacement.field.resolve = looking;
  }

  #contextOf(viewer: string): Viewing {
    return contextKinds[this.#contextKind ?? "plain"](viewer);
  }

  /** How often the server has to execute if nothing but the document, the variables and the topics counts. */
  get leastExecutions(): number {
    const counts = this.envelopes.map(({ index, topics }) => {
      const present = this.listeners.filter(({ comes, goes = Infinity }) => comes <= index && index < goes);
      const concerned = present.filter(({ viewer }) =>
        this.field.topicsFor(viewer).some((topic) => topics.includes(topic)),
      );
      return new Set(concerned.map((listener) => this.#question(listener))).size;
    });
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Without what two right answers may differ in. */
  #comparable(results: readonly string[]): readonly string[] {
    const located = this.reformatted ? results.map(withoutLocations) : results;
    return this.field.waitsFirst ? located.map(withoutRaces) : located;
  }

  #question({ viewer, request }: Listener): string {
    const operation = getOperationAST(parse(request.query));
    if (!operation) throw new TypeError("No operation");
    const coerced = coerceVariables(this.plan.schema, operation, request.variables);
    const variables = "errors" in coerced ? "" : inspect({ ...coerced.coerced }, { depth: 10, sorted: true });
    return JSON.stringify([stripIgnoredCharacters(request.query), variables, this.field.topicsFor(viewer)]);
  }

  /** How fast-check prints it. */
  [fc.toStringMethod](): string {
    const resolvers = [...this.plan.fields].flatMap(([type, fields]) =>
      fields.map(({ name, kind }) => `${type}.${name}: ${kind}`),
    );
    const { field, listeners, envelopes } = this;
    const rest = inspect(
      {
        field,
        shareBy: this.#shareBy,
        context: this.#contextKind,
        replaced: this.#replacement,
        listeners,
        envelopes,
        pauses: this.#pauses,
      },
      { depth: 12 },
    );
    return [printSchema(this.plan.schema), resolvers.join("\n"), rest].join("\n\n");
  }

  #envelope(draw: Draw, index: number, oddity: number): Envelope {
    return {
      event: drawValue(draw, this.plan, this.plan.root, oddity, this.reads),
      index,
      n: draw.pick([null, 1, -5, 3, 4]),
      fate: draw.chance(20) ? draw.pick(["skip", "throw", "throwNothing"]) : "value",
      topics: draw.pick([
        ["event"],
        ["event"],
        ["event"],
        ["other"],
        ["event", "other"],
        ["for:ann", "event"],
        ["for:bob"],
      ]),
    };
  }

  #draws(draw: Draw): Listener[] {
    const documents = draw.times(draw.count(1, 2), () => drawDocument(draw, this.plan));
    const requests = documents.flatMap(({ source, variables }) => [
      { query: source, variables },
      { query: source, variables: drawVariables(draw, source) },
      { query: this.reformatted ? source.replaceAll(" ", "\n # a remark\n ") : source, variables },
    ]);
    // A source of the field's own brings all its events whenever it is asked.
    const isStable = this.field.kind === "foreign" || draw.chance(50);
    return draw.times(draw.count(2, 5), () => {
      const comes = isStable ? 0 : draw.pick([0, 0, 1, this.envelopes.length - 1]);
      return {
        viewer: draw.pick(["ann", "bob"]),
        request: draw.chance(60) ? (requests[0] ?? draw.pick(requests)) : draw.pick(requests),
        comes,
        goes: !isStable && draw.chance(25) ? comes + 1 : undefined,
      };
    });
  }

  /** What graphql-js sends of the events in a range. */
  async #aloneFor({ viewer, request, comes, goes }: Listener, from = 0, to = Infinity): Promise<readonly string[]> {
    const { field } = this;
    const envelopes = this.envelopes.slice(Math.max(comes, from), Math.min(goes ?? Infinity, to));
    const result = await subscribe({
      schema: withEvent(this.plan.schema, field.alone),
      document: parse(request.query),
      contextValue: this.#contextOf(viewer),
      variableValues: request.variables,
      subscribeFieldResolver: (_root, args) => field.stream(envelopes, args, { viewer }),
    });
    if (!(Symbol.asyncIterator in result)) return [`error ${JSON.stringify(result.errors)}`];
    const results: string[] = [];
    for await (const each of result) results.push(textOf(each));
    return this.#comparable(results);
  }
}

export function audiences(options: AudienceOptions): fc.Arbitrary<Audience> {
  return fc.gen().map((generate) => new Audience(new Draw(generate), options));
}

/** The fields of a schema's own object types, but those of operations. */
function fieldsOf(schema: GraphQLSchema): readonly GraphQLField<unknown, unknown>[] {
  const roots = [schema.getQueryType(), schema.getSubscriptionType(), schema.getMutationType()];
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter((type) => !type.name.startsWith("__") && !roots.includes(type))
    .flatMap((type) => Object.values(type.getFields()));
}

/** In the place of a resolver: it looks at the viewer, and hides every value from one of them. */
const looking: GraphQLFieldResolver<unknown, unknown> = (source, args, context, info) =>
  Reflect.get(Object(context), "viewer") === "ann" ? defaultFieldResolver(source, args, context, info) : null;

/** Everything up to the end of the client's only operation: by the server, or before the answer to a ping. */
async function received(client: TestClient): Promise<readonly string[]> {
  const results: string[] = [];
  for (;;) {
    const { type, payload } = await client.receive();
    if (type === "pong" || type === "complete") {
      await client.assertNoMessages();
      return results;
    }
    results.push(type === "next" ? JSON.stringify(payload) : `${type} ${JSON.stringify(payload)}`);
    if (type === "error") return results;
  }
}

/** A result as a client reads it. What has no JSON cannot be sent. */
function textOf(result: ExecutionResult): string {
  try {
    return JSON.stringify(JSON.parse(JSON.stringify(result)));
  } catch {
    const error = { message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } };
    return JSON.stringify({ errors: [error], data: null });
  }
}

/** Places in the text of a document mean nothing to those who wrote it in another way. */
function withoutLocations(text: string): string {
  return text.replaceAll(/"locations":\[[^\]]*\],/g, "");
}

/** Of errors whose null spread upwards, which of them is told is a matter of speed: leaves only where the null is. */
function withoutRaces(text: string): string {
  if (!text.startsWith("{")) return text;
  const result: { data?: unknown; errors?: { path?: readonly (string | number)[] }[] } = JSON.parse(text);
  const errors = result.errors?.map((error) => {
    const place = placeOfNull(result.data, error.path ?? []);
    return place.length < (error.path ?? []).length ? JSON.stringify(place) : JSON.stringify(error);
  });
  return JSON.stringify({ ...result, errors: errors && [...new Set(errors)].toSorted() });
}

/** How far a path leads into data. */
function placeOfNull(data: unknown, path: readonly (string | number)[]): readonly (string | number)[] {
  let value = data;
  const end = path.findIndex((key) => {
    if (value === null) return true;
    value = Reflect.get(Object(value), key);
    return false;
  });
  return end < 0 ? path : path.slice(0, end);
}
