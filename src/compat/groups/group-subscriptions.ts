import {
  GraphQLBoolean,
  GraphQLList,
  GraphQLScalarType,
  GraphQLString,
  isOutputType,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigArgumentMap,
  type GraphQLOutputType,
} from "graphql";
import { checkArgument, checkOptions } from "../../base/option-check.ts";
import { aBoolean, aFunction, anObject, aText, mapOf, must, oneOf, optionsOf, type RulesOf } from "../../base/rule.ts";
import type { FormattedResult } from "../../contract/request-engine.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import type { OperationContext } from "../../declare/operation-handle.ts";
import type { Publisher } from "../../declare/publisher.ts";
import { subscription } from "../../declare/subscription.ts";
import { topic, type Topic } from "../../declare/topic.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import { graphqlTransportWs } from "../../dialects/graphql-transport-ws.ts";
import { graphqlWs } from "../../dialects/graphql-ws.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import type { ModelChange, ModelHooks } from "../../models.ts";
import { framed, FrameSource, GroupValue, type GroupFrame } from "./group-frame.ts";
import { rawName, rawRequest } from "./raw-document.ts";

/** A subscription field by groups. */
export interface GroupField<Context> {
  /** The field's type, from which clients select. They are sent the triggered value as it is. */
  readonly type: GraphQLOutputType;
  /** The field's arguments, beside `subscribe` and `subscripe`. */
  readonly args?: GraphQLFieldConfigArgumentMap;
  readonly description?: string;
  /** Gives the groups that an operation joins or leaves. */
  readonly groups: (args: Readonly<Record<string, unknown>>, context: Context) => MaybePromise<readonly string[]>;
  /** Whether a value's `fields` are reduced to those that the client has selected. Default false. */
  readonly requestedFields?: boolean;
}

export interface GroupOptions<Context> {
  readonly fields: Readonly<Record<string, GroupField<Context>>>;
  /**
   * Whether a client may join a group: only true permits it. If it may not join one of them, it joins none. Default: all
   * are permitted.
   */
  readonly permit?: (group: string, context: Context) => MaybePromise<boolean>;
  /** How an acknowledgement spells its flag: as the first versions did, or in both ways. Default `both`. */
  readonly spelling?: "subscripe" | "both";
}

const fieldRules: RulesOf<GroupField<unknown>> = {
  type: must("an output type of GraphQL", isOutputType),
  args: anObject,
  description: aText(),
  groups: aFunction((value) => (Array.isArray(value) ? "Write a function that returns them: () => [ … ]" : undefined)),
  requestedFields: aBoolean,
};

const rules: RulesOf<GroupOptions<unknown>> = {
  fields: mapOf("fields", optionsOf(fieldRules, ["type", "groups"])),
  permit: aFunction(),
  spelling: oneOf("subscripe", "both"),
};

interface ListenArgs {
  readonly groups: readonly string[];
}

/** Messages of the older server, with which its clients may compare. */
const notAuthorized = "Not authorized to subscribe to one or more subscription channels.";
const notVerified = "Subscription permission could not be verified.";
const invalidName = "Invalid subscription channel name.";

const groupName = /^[\w.-]{1,99}$/;

/**
 * Subscriptions by groups, as in CypartaGraphqlSubscriptionsTools. An operation joins and leaves groups by an argument,
 * also by a later operation with the same id, which `extensions.cyparta` acknowledges. It gets each triggered value as
 * it is, one message per group.
 *
 * ```ts
 * const groups = new GroupSubscriptions({ fields: { carCreated: { type: Car, groups: () => ["CarCreated"] } } });
 * const fanfare = createFanfare({ schema: schemaWith(groups.fields), ...groups.options });
 * await groups.trigger(fanfare, "CarCreated", { pk: 1, fields: { make: "Skoda" } });
 * ```
 */
export class GroupSubscriptions<Context = unknown> {
  /**
   * The fields, to be spread into the root subscription type. Each has an auxiliary field beside it, for internal use.
   */
  readonly fields: Readonly<Record<string, GraphQLFieldConfig<unknown, Context & OperationContext>>>;
  /** Options to be spread into those of the server. */
  readonly options: {
    readonly dialects: readonly Dialect[];
    readonly onSubscribe: (request: OperationRequest) => OperationRequest | undefined;
    readonly formatResponse: (result: FormattedResult) => FormattedResult;
  };
  readonly #options: GroupOptions<Context>;

  /** @throws FanfareError BAD_DECLARATION for an option that is unknown, missing or not allowed. */
  constructor(options: GroupOptions<Context>) {
    checkOptions("GroupSubscriptions", options, rules, { required: ["fields"], code: "BAD_DECLARATION" });
    this.#options = options;
    const names = new Map(Object.entries(options.fields));
    this.fields = Object.fromEntries([...names].flatMap(([name, field]) => this.#fieldsOf(name, field)));
    const habits = { succession: true, errorsAsResults: true, echoComplete: true };
    this.options = {
      dialects: [graphqlTransportWs({ ...habits, answerInvalid: true }), graphqlWs(habits)],
      onSubscribe: (request) => rawRequest(request, (name) => names.has(name)),
      formatResponse: (result) => framed(result, options.spelling ?? "both"),
    };
  }

  /** Publishes a value to all operations in a group. The property `group` is added to a value with `fields`. */
  async trigger(publisher: Pick<Publisher, "publish">, group: string, value: unknown): Promise<void> {
    await publisher.publish(groupTopic(group), { group, value });
  }

  #fieldsOf(
    name: string,
    field: GroupField<Context>,
  ): readonly (readonly [string, GraphQLFieldConfig<unknown, Context & OperationContext>])[] {
    const flag = { type: GraphQLBoolean };
    const args = { ...field.args, subscribe: flag, subscripe: flag };
    const listening = subscription<Context & OperationContext, ListenArgs, GroupEvent>({
      topics: ({ groups }) => groups.map((group) => groupTopic(group)),
    });
    const known = {
      type: field.type,
      args,
      ...(field.description !== undefined && { description: field.description }),
      // Requests for it are changed to ones for the auxiliary field, which has the source.
      extensions: { fanfare: { groups: true } },
    };
    const raw: GraphQLFieldConfig<unknown, Context & OperationContext> = {
      type: rawType,
      args: { ...args, requested: { type: new GraphQLList(GraphQLString) } },
      // The server finds the declaration by its extensions, and calls the wrapping `subscribe` for each operation.
      extensions: listening.extensions,
      subscribe: (source, given: Readonly<Record<string, unknown>>, context) =>
        this.#subscribe(field, given, context, async (groups) =>
          eventsOf(await listening.subscribe(source, { groups }, context), (event) =>
            listening.resolve(event, { groups }, context),
          ),
        ),
      resolve: (value) => value,
    };
    return [
      [name, known],
      [rawName(name), raw],
    ];
  }

  async #subscribe(
    field: GroupField<Context>,
    args: Readonly<Record<string, unknown>>,
    context: Context & OperationContext,
    listen: (groups: readonly string[]) => Promise<AsyncIterator<GroupEvent>>,
  ): Promise<FrameSource<GroupEvent>> {
    const groups = await field.groups(args, context);
    const joined = joinedBy(context);
    const leaves = (args["subscribe"] ?? args["subscripe"]) === false;
    const frames = leaves ? leave(joined, groups) : await this.#join(joined, groups, context);
    const events = joined.size > 0 ? await listen([...joined]) : undefined;
    const { requested } = args;
    const wanted = field.requestedFields && Array.isArray(requested) ? new Set<unknown>(requested) : undefined;
    return new FrameSource(frames, events, (event) => valueOf(event, wanted));
  }

  async #join(joined: Set<string>, groups: readonly string[], context: Context): Promise<readonly GroupFrame[]> {
    const refusal = await this.#refusal(groups, context);
    if (refusal !== undefined) return [{ kind: "refused", message: refusal }, nothing];
    for (const group of groups) joined.add(group);
    return [{ kind: "acknowledged", action: "register", groups }];
  }

  async #refusal(groups: readonly string[], context: Context): Promise<string | undefined> {
    const { permit } = this.#options;
    if (!groups.every((group) => groupName.test(group))) return invalidName;
    try {
      for (const group of groups) {
        const permitted: unknown = !permit || (await permit(group, context));
        if (permitted !== true) return notAuthorized;
      }
      return undefined;
    } catch {
      return notVerified;
    }
  }
}

const nothing: GroupFrame = { kind: "value", value: null };

function leave(joined: Set<string>, groups: readonly string[]): readonly GroupFrame[] {
  for (const group of groups) joined.delete(group);
  return [{ kind: "acknowledged", action: "unregister", groups }, nothing];
}

/** The groups that operations have joined under an operation's id; a successor with the same id keeps them. */
function joinedBy({ operation }: OperationContext): Set<string> {
  const known = operation.state["groups"];
  if (known instanceof Set) return known;
  const joined = new Set<string>();
  operation.state["groups"] = joined;
  return joined;
}

/** Unwraps the events that a declared field yields: its `resolve` normally does so. */
function eventsOf(
  source: AsyncIterator<unknown>,
  unwrap: (event: unknown) => MaybePromise<GroupEvent>,
): AsyncIterator<GroupEvent> {
  return {
    async next() {
      const { done, value } = await source.next();
      return done ? { done, value: undefined } : { done: false, value: await unwrap(value) };
    },
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
  };
}

function valueOf({ group, value }: GroupEvent, requested: ReadonlySet<unknown> | undefined): unknown {
  if (!isRecord(value) || !isRecord(value["fields"])) return value;
  const fields = Object.entries(value["fields"]).filter(([name]) => requested === undefined || requested.has(name));
  return { ...value, fields: Object.fromEntries(fields), group };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** A scalar by which frames pass through execution unchanged. */
const rawType = new GraphQLScalarType<GroupValue, GroupValue>({
  name: "GroupValue",
  description: "What was triggered, as it is.",
  serialize(value) {
    if (value instanceof GroupValue) return value;
    throw new TypeError("Only a group's value can be sent as it is");
  },
});

/**
 * Hooks that publish a model's changes to the groups of CypartaGraphqlSubscriptionsTools: `CarCreated`, `CarUpdated.7`
 * and `CarDeleted.7`. The value is `{ pk, fields, group }`, with the columns' names in the database.
 *
 * ```ts
 * const Car = model(cars, { name: "Car", fields: ["id", "make"], hooks: groupHooks("Car") });
 * ```
 *
 * @param model the prefix of the groups' names.
 */
export function groupHooks(model: string): ModelHooks<unknown> {
  checkArgument("groupHooks", "model", model, aText(), "BAD_DECLARATION");
  return {
    topics: (change) => [groupTopic(groupOf(model, change))],
    payload: (change): GroupEvent => {
      const group = groupOf(model, change);
      const { before, after } = change.plain("columns");
      const fields = after ?? before ?? {};
      const pk = fields["id"] ?? change.id;
      return { group, value: { pk, fields: { ...fields, id: pk }, group } };
    },
  };
}

function groupOf(model: string, { action, id }: ModelChange<unknown>): string {
  if (action === "UPDATED" || action === "DELETED")
    return `${model}${action === "UPDATED" ? "Updated" : "Deleted"}.${id}`;
  return `${model}Created`;
}

/** The payload of an event in a group's topic. */
interface GroupEvent {
  readonly group: string;
  readonly value: unknown;
}

const groups = topic("group", { name: String }).of<GroupEvent>();

/** The topic of a group. */
function groupTopic(group: string): Topic<GroupEvent> {
  return groups({ name: group });
}
