import { GraphQLObjectType, GraphQLSchema, type GraphQLFieldConfig } from "graphql";
import { shareable, SKIP, subscription, type FanfareOptions } from "fanfare";
import type { Trigger } from "fanfare/declare";
import type { Draw } from "../engine/draw.ts";

/** The context of an operation. */
export interface Viewing {
  readonly viewer: string;
}

/** Arguments of the field, of which it may have none. */
interface Arguments {
  readonly n?: number | null;
}

/** What is published: the field's value, and what the field's functions decide by. */
export interface Envelope {
  readonly event: unknown;
  readonly index: number;
  readonly n: number | null;
  /** What becomes of the value on its way. */
  readonly fate: "value" | "skip" | "throw" | "throwNothing";
  readonly topics: readonly string[];
}

/** Ways from an event to the field's value that depend on nothing but the event and the arguments. */
export const sharedKinds = ["plain", "value", "promise", "trigger", "triggerShareable"] as const;
export const fieldKinds = [
  ...sharedKinds,
  "valueFor",
  "promiseFor",
  "wrapped",
  "triggerResolver",
  "triggerFilterFor",
  "triggerDetails",
  "foreign",
] as const;
export type FieldKind = (typeof fieldKinds)[number];

const filters = ["some", "soon", "throws", "rejects"] as const;
const visibles = ["some", "throws"] as const;

/** How a subscription field is declared, and what that means for one client. */
export class EventField {
  readonly kind: FieldKind;
  readonly topics: "one" | "two" | "viewer";
  readonly match: boolean;
  readonly filter: (typeof filters)[number] | undefined;
  readonly visible: (typeof visibles)[number] | undefined;

  constructor(draw: Draw, kinds: readonly FieldKind[]) {
    this.kind = draw.pick(kinds);
    this.topics = draw.pick(["one", "one", "two", "viewer"]);
    const isPlain = this.kind === "plain";
    this.match = !isPlain && draw.chance(30);
    this.filter = !isPlain && draw.chance(50) ? draw.pick(filters) : undefined;
    this.visible = !isPlain && draw.chance(30) ? draw.pick(visibles) : undefined;
  }

  /** The field for a server, with the events that it brings itself where it does. */
  served(envelopes: readonly Envelope[]): Pick<GraphQLFieldConfig<unknown, Viewing>, "subscribe" | "resolve"> {
    const { resolve: ofEvent, ...rest } = this.#declared();
    const resolve = (value: unknown, args: Arguments, context: Viewing) =>
      this.#value(asEnvelope(value), args, context);
    switch (this.kind) {
      case "plain":
        return subscription(rest);
      case "value":
      case "promise":
        return subscription({ ...rest, resolve: ofEvent });
      case "valueFor":
      case "promiseFor":
        return subscription({
          ...rest,
          resolveFor: (event: Envelope, args, context) => this.#served(event, args, context),
        });
      case "wrapped": {
        const { resolve: inner, ...field } = subscription({ ...rest, resolve: ofEvent });
        return {
          ...field,
          resolve: (event, args: Arguments, context) =>
            isBlind(asEnvelope(event), context) ? null : inner(event, args, context),
        };
      }
      case "trigger":
      case "triggerFilterFor":
      case "triggerDetails":
        return {};
      case "triggerShareable":
        return {
          resolve: shareable((value: unknown, args: Arguments) => this.#value(asEnvelope(value), args, nobody)),
        };
      case "triggerResolver":
        return { resolve };
      case "foreign":
        return {
          resolve,
          subscribe: (_root, args: Arguments, context) => this.stream(envelopes, args, context),
        };
    }
  }

  get triggers(): NonNullable<FanfareOptions["triggers"]> {
    const filter = this.filter;
    const entry: Trigger = {
      ...(filter && { filter: (event) => decided(filter, asEnvelope(event)) }),
      ...(this.kind === "triggerFilterFor" && {
        filter: (event: unknown, context: unknown) => {
          if (isBlind(asEnvelope(event), asViewing(context))) return false;
          return filter === undefined || decided(filter, asEnvelope(event));
        },
      }),
    };
    return {
      event: (_args, details) => {
        const viewer = this.kind === "triggerDetails" ? asViewing(details.context).viewer : "ann";
        return Object.fromEntries(this.#topics(viewer).map((topic) => [topic, entry]));
      },
    };
  }

  /** What is published of an event. */
  payloadOf(envelope: Envelope): unknown {
    return this.kind === "plain" ? envelope.event : envelope;
  }

  /** The field for graphql-js, which gets its events elsewhere, and its value at once. */
  get alone(): Pick<GraphQLFieldConfig<unknown, Viewing>, "resolve"> {
    if (["trigger", "triggerFilterFor", "triggerDetails"].includes(this.kind)) return {};
    return { resolve: (value, args: Arguments, context) => this.#value(asEnvelope(value), args, context) };
  }

  /** The events of one client. */
  async *stream(
    envelopes: readonly Envelope[],
    args: Arguments,
    { viewer }: Viewing,
  ): AsyncGenerator<Envelope, void, void> {
    for (const envelope of envelopes) {
      if (this.#concerns(envelope, args, viewer)) yield envelope;
    }
  }

  /** Whether each topic of the field has a filter of its own, which is asked for each topic that an event came by. */
  get filtersByTopic(): boolean {
    return this.kind.startsWith("trigger") && this.filter !== undefined && this.topics !== "one";
  }

  /**
   * Whether a value that is a promise is waited for before execution. graphql-js does that in the midst of it, and of the
   * errors below a null that spreads upwards it reports those that are faster than the null.
   */
  get waitsFirst(): boolean {
    return ["plain", "value", "promise", "valueFor", "promiseFor"].includes(this.kind);
  }

  /** What a client listens to. */
  topicsFor(viewer: string): readonly string[] {
    return this.#topics(this.kind.startsWith("trigger") && this.kind !== "triggerDetails" ? "ann" : viewer);
  }

  get #looksAtViewer(): boolean {
    return ["valueFor", "promiseFor", "wrapped", "triggerResolver", "foreign"].includes(this.kind);
  }

  #concerns(envelope: Envelope, args: Arguments, viewer: string): boolean {
    if (this.kind === "foreign") return true;
    if (!envelope.topics.some((topic) => this.topicsFor(viewer).includes(topic))) return false;
    if (this.filter && !isPassed(this.filter, envelope)) return false;
    if (this.kind === "triggerFilterFor") return !isBlind(envelope, { viewer });
    if (this.kind.startsWith("trigger")) return true;
    if (this.kind === "plain") return true;
    if (this.match && args.n !== undefined && args.n !== envelope.n) return false;
    if (this.visible && !isSeen(this.visible, envelope)) return false;
    return envelope.fate !== "skip" || (this.#looksAtViewer && isBlind(envelope, { viewer }));
  }

  #declared() {
    const { filter, visible } = this;
    return {
      topics: (_args: Arguments, { viewer }: Viewing) => this.#topics(viewer),
      resolve: (envelope: Envelope, args: Arguments) => this.#served(envelope, args, nobody),
      ...(this.match && { match: ({ n }: Arguments) => ({ n }) }),
      ...(filter && { filter: (envelope: Envelope) => decided(filter, envelope) }),
      ...(visible && {
        visible: (envelope: Envelope) => {
          if (visible === "throws" && !isSeen(visible, envelope)) throw new Error("Hidden");
          return isSeen(visible, envelope);
        },
      }),
    };
  }

  #topics(viewer: string): readonly string[] {
    switch (this.topics) {
      case "one":
        return ["event"];
      case "two":
        return ["event", "other"];
      case "viewer":
        return ["event", `for:${viewer}`];
    }
  }

  #served(envelope: Envelope, args: Arguments, context: Viewing): unknown {
    if (!this.kind.startsWith("promise")) return this.#value(envelope, args, context);
    return Promise.resolve().then(() => this.#value(envelope, args, context));
  }

  #value(envelope: Envelope, { n }: Arguments, context: Viewing): unknown {
    if (this.#looksAtViewer && isBlind(envelope, context)) return null;
    if (this.kind === "plain") return envelope.event;
    if (envelope.fate === "throw") throw new Error("No value");
    if (envelope.fate === "throwNothing") throw Object.create(null);
    if (envelope.fate === "skip" && !this.kind.startsWith("trigger") && this.kind !== "foreign") return SKIP;
    return n === 4 ? null : envelope.event;
  }
}

const nobody: Viewing = { viewer: "nobody" };

/** The same schema with another field `event`. */
export function withEvent(
  schema: GraphQLSchema,
  change: Pick<GraphQLFieldConfig<unknown, Viewing>, "subscribe" | "resolve">,
): GraphQLSchema {
  const config = schema.toConfig();
  const { event } = config.subscription?.toConfig().fields ?? {};
  if (!event) throw new TypeError("No field");
  const { type, args } = event;
  return new GraphQLSchema({
    ...config,
    subscription: new GraphQLObjectType({ name: "Subscription", fields: { event: { type, args, ...change } } }),
    types: config.types.filter(({ name }) => name !== "Subscription"),
  });
}

function asEnvelope(value: unknown): Envelope {
  if (typeof value === "object" && value !== null && isEnvelope(value)) return value;
  throw new TypeError("Not an event of this test");
}

function isEnvelope(value: object): value is Envelope {
  return "fate" in value && "event" in value && "index" in value;
}

function asViewing(context: unknown): Viewing {
  if (typeof context === "object" && context !== null && "viewer" in context) return { viewer: String(context.viewer) };
  throw new TypeError("Not a context of this test");
}

/** Bob sees no event with an odd number. */
function isBlind({ index }: Envelope, { viewer }: Viewing): boolean {
  return viewer === "bob" && index % 2 === 1;
}

function isPassed(filter: NonNullable<EventField["filter"]>, { index }: Envelope): boolean {
  return filter === "throws" || filter === "rejects" ? index % 3 !== 0 : index % 3 !== 1;
}

function decided(filter: NonNullable<EventField["filter"]>, envelope: Envelope): boolean | Promise<boolean> {
  const passed = isPassed(filter, envelope);
  switch (filter) {
    case "some":
      return passed;
    case "soon":
      return Promise.resolve(passed);
    case "throws":
      if (!passed) throw new Error("No decision");
      return true;
    case "rejects":
      return passed ? Promise.resolve(true) : Promise.reject(new Error("No decision"));
  }
}

function isSeen(_visible: NonNullable<EventField["visible"]>, { index }: Envelope): boolean {
  return index % 4 !== 2;
}
