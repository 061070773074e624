import { defaultFieldResolver, GraphQLError, type GraphQLSchema } from "graphql";
import { blaming } from "../../base/blame.ts";
import { BoundedMap } from "../../base/bounded-map.ts";
import { digestOf } from "../../base/digest.ts";
import { isPromise } from "../../base/thenable.ts";
import type { TopicName } from "../../contract/broker.ts";
import type { Log } from "../../contract/log.ts";
import {
  declarationOf,
  hasWrappedSource,
  type Arguments,
  type Declaration,
  type MaybePromise,
} from "../../declare/declaration.ts";
import { isShareable } from "../../declare/shareable.ts";
import type { Triggers } from "../../declare/triggers.ts";
import { frozenArguments } from "../selection/frozen-arguments.ts";
import { everything } from "../hub/match-index.ts";
import { matchOf, shareKeyOf, topicsOf } from "./answers.ts";
import { Formatting } from "./formatting.ts";
import { rootOf, type Audience, type Hearing, type Plan } from "./plan.ts";
import type { Prepared } from "../document/prepare.ts";
import { queueBound, type QueueBound } from "../../declare/queue.ts";
import { rootFieldOf, type RootField } from "./root-field.ts";
import { Renderings } from "./rendering.ts";
import type { ResolverWitness } from "./resolver-witness.ts";
import { assertTopics, type TopicLimits } from "./topic-limits.ts";
import { triggered } from "./triggered.ts";
import { canonical, canonicalVariables } from "../document/variables.ts";
import type { Walk } from "../walk/walk.ts";

interface ShareByShape {
  shareBy(context: unknown): string;
}

/**
 * The `shareBy` option. Operations with an equal key share results. Its type is that of a method, whose parameters are
 * bivariant, so that a function of a narrower context type is assignable.
 */
export type ShareBy = ShareByShape["shareBy"];

/** Options of {@link Planner}. */
export interface PlannerOptions {
  readonly schema: GraphQLSchema;
  readonly triggers: Triggers;
  /** The server's assurance that results depend only on this key, the operation and the event; undefined without it. */
  readonly shareBy: ShareBy | undefined;
  /** Whether walks may write results as text; false if `formatResponse` needs them as objects. */
  readonly walks: boolean;
  readonly log: Log;
  /** Compiled operations kept, and witnesses of their resolvers found again, with LRU eviction. */
  readonly maxCompiled: number;
  /** Their estimated memory, in bytes. */
  readonly maxCompiledBytes: number;
  readonly topicLimits: TopicLimits;
}

/**
 * The memory of a compiled operation, as an estimate: a part of its own, and one that grows with the text of its
 * variables, whose values it holds.
 */
const compiledBytes = 1_024;
const bytesPerCharacter = 24;
/** Operations with more variables than this are compiled each time. */
const maxEntryBytes = 65_536;

/** The part of a plan that depends on the operation and its variables only, not on the context. */
interface Compiled {
  readonly key: string | undefined;
  readonly root: RootField;
  readonly declaration: Declaration | undefined;
  readonly witness: ResolverWitness;
  readonly unshared: string | undefined;
  readonly walk: Walk | undefined;
  readonly queue: QueueBound;
}

/** The topics, interest and filter of a subscription operation. */
type Sources = Pick<Plan, "topics" | "interest" | "filter" | "filtersByTopic" | "filterAlone" | "lent"> & {
  /** The reason why they depend on the context; undefined if they do not. */
  readonly readsContext: string | undefined;
};

/** Compiles subscription operations and determines the audience of their results. */
export class Planner {
  readonly #options: PlannerOptions;
  readonly #compiled: BoundedMap<string, Compiled>;
  readonly #renderings: Renderings;
  /** Digests of documents with a field that read the context in a shared execution. */
  readonly #caught: BoundedMap<string, true>;
  /** Digests of documents for which the log already has the reason why they are not shared. */
  readonly #logged: BoundedMap<string, true>;
  /** Counts operations that were compiled again. */
  #generation = 0;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#compiled = new BoundedMap(options.maxCompiled, options.maxCompiledBytes);
    this.#renderings = new Renderings(options.schema, options.maxCompiled);
    this.#caught = new BoundedMap(options.maxCompiled);
    this.#logged = new BoundedMap(options.maxCompiled);
  }

  /**
   * Plans a subscription. For a field with a `subscribe` of its own, the plan has no topics, and `foreign` is the
   * field.
   *
   * @throws a GraphQLError, or the errors of the declaration's functions.
   */
  plan(prepared: Prepared, context: unknown): MaybePromise<{ readonly plan: Plan; readonly foreign?: RootField }> {
    const compiled = this.#compile(prepared);
    const { declaration, root } = compiled;
    if (!declaration && root.field.subscribe) {
      const plan = this.#plan(prepared, { ...compiled, key: undefined }, ownSource, context);
      return { plan, foreign: this.#rootOf(prepared) };
    }
    const sources = declaration
      ? declared(declaration, root, context)
      : triggered(this.#options.triggers, root, prepared, context);
    if (!(sources instanceof Promise)) return { plan: this.#plan(prepared, compiled, sources, context) };
    return sources.then((found) => ({ plan: this.#plan(prepared, compiled, found, context) }));
  }

  #plan(prepared: Prepared, compiled: Compiled, sources: Sources, context: unknown): Plan {
    const { declaration, root } = compiled;
    const { document, operation, request, variables } = prepared;
    assertTopics(sources.topics, this.#options.topicLimits);
    const unshared = this.#unshared(prepared, compiled, sources);
    const audience = this.#audience(compiled, sources, unshared);
    if (unshared !== undefined) this.#tell(prepared, audience, unshared);
    const key = this.#key(compiled, audience, sources, context);
    if (key !== undefined) sources.lent?.takeBack();
    return {
      ...sources,
      key,
      audience,
      unshared,
      document,
      operation,
      // Extensions belong to one client's request, and are not part of the shared plan.
      request: key === undefined ? request : { ...request, extensions: undefined },
      variables: variables.values,
      fieldName: root.field.name,
      args: root.args,
      declaration,
      field: root.field,
      witness: compiled.witness,
      walk: audience === "everyone" ? compiled.walk : undefined,
      queue: compiled.queue,
      formatting: new Formatting(document.source),
    };
  }

  /** Records that the plan's document must not be shared with everyone again. */
  caught(plan: Plan): void {
    this.#caught.set(plan.document.digest, true);
  }

  isCaught(plan: Pick<Plan, "document">): boolean {
    return this.#caught.get(plan.document.digest) ?? false;
  }

  #compile(prepared: Prepared): Compiled {
    const values = canonicalVariables(prepared.operation, prepared.variables.coerced);
    if (values === undefined) return this.#read(prepared, undefined);
    const key = operationKey(prepared, values);
    const known = this.#compiled.get(key);
    if (known?.witness.isCurrent) return known;
    const compiled = this.#read(prepared, known ? this.#newer(key) : key);
    const bytes = compiledBytes + values.length * bytesPerCharacter;
    if (bytes <= maxEntryBytes) this.#compiled.set(key, compiled, bytes);
    return compiled;
  }

  /** The key of an operation whose resolvers were replaced: it shares nothing with those that were planned before. */
  #newer(key: string): string {
    this.#generation += 1;
    return `${this.#generation} ${key}`;
  }

  /** The root field, with fresh arguments. */
  #rootOf({ document, operation, variables }: Prepared): RootField {
    const root = rootFieldOf(this.#options.schema, document, operation, variables.values);
    if (!root) throw new GraphQLError("The subscription selects no field", { nodes: operation });
    return root;
  }

  #read(prepared: Prepared, key: string | undefined): Compiled {
    const found = this.#rootOf(prepared);
    // Operations share these arguments, so no resolver may change them.
    const root = { ...found, args: frozenArguments(found.args) };
    const written = declarationOf(root.field)?.declaration;
    const declaration = hasWrappedSource(root.field) ? undefined : written;
    const dependent = dependence(declaration, root);
    const walks = this.#options.walks && (declaration !== undefined || !hasResolver(root));
    const rendering = dependent === undefined ? this.#renderings.of(prepared, root.field, walks) : undefined;
    return {
      key,
      root,
      declaration,
      witness: rendering?.witness ?? this.#renderings.witnessOf(root.field),
      unshared: rendering ? rendering.unshared : dependent,
      walk: rendering?.walk,
      queue: queueBound(written?.queue),
    };
  }

  #unshared({ document }: Prepared, compiled: Compiled, sources: Sources): string | undefined {
    if (sources.readsContext !== undefined) return sources.readsContext;
    if (compiled.key === undefined) return "Its variables have values that cannot be compared";
    if (compiled.unshared !== undefined) return compiled.unshared;
    return this.isCaught({ document }) ? "A field of it was caught looking at the viewer" : undefined;
  }

  #audience(compiled: Compiled, sources: Sources, unshared: string | undefined): Audience {
    if (unshared === undefined) return "everyone";
    if (sources.readsContext !== undefined || compiled.key === undefined) return "session";
    return this.#options.shareBy && !compiled.declaration?.resolveFor ? "key" : "session";
  }

  /** Logs, once per document, why it is not shared: most operations that are not shared could be. */
  #tell({ document, operation }: Prepared, audience: Audience, because: string): void {
    const { log } = this.#options;
    if (!log.debug || this.#logged.get(document.digest)) return;
    this.#logged.set(document.digest, true);
    log.debug("An operation is not shared by everyone", { operation: operation.name?.value, audience, because });
  }

  #shareKey(context: unknown): string {
    return blaming("shareBy", undefined, () => shareKeyOf(this.#options.shareBy?.(context)));
  }

  #key(compiled: Compiled, audience: Audience, sources: Sources, context: unknown): string | undefined {
    if (audience === "session" || compiled.key === undefined) return undefined;
    const shareKey = audience === "key" ? this.#shareKey(context) : undefined;
    const asked = JSON.stringify([sources.topics, canonical(sources.interest.match), audience, shareKey]);
    return digestOf(`${compiled.key.length} ${compiled.key}${asked}`);
  }
}

/** The reason why a root field's own resolvers may depend on the context; undefined if they do not. */
function dependence(declaration: Declaration | undefined, root: RootField): string | undefined {
  const field = `Subscription.${root.field.name}`;
  if (declaration?.resolveFor) return `${field} is declared with resolveFor`;
  if (declaration)
    return rootOf(declaration, root.field) === "event"
      ? `The resolver of ${field} is not that of its declaration`
      : undefined;
  return hasResolver(root) && !isShareable(root.field) ? `${field} is not declared shareable` : undefined;
}

const ownSource: Sources = {
  topics: [],
  interest: everything,
  filter: undefined,
  filtersByTopic: false,
  filterAlone: undefined,
  lent: undefined,
  readsContext: "Its field has a `subscribe` of its own",
};

/**
 * The hearing of a declared field that another executor runs.
 *
 * @throws the errors of the declaration's functions.
 */
export async function hearingOf(
  declaration: Declaration,
  fieldName: string,
  args: Arguments,
  context: unknown,
): Promise<Hearing> {
  const { readsContext: _, ...sources } = await declared(declaration, { args, field: { name: fieldName } }, context);
  return {
    ...sources,
    key: undefined,
    fieldName,
    args,
    declaration,
    queue: queueBound(declaration.queue),
    formatting: undefined,
  };
}

/** A declared field with its arguments; its name is empty if another executor runs it and does not tell it. */
interface Asked extends Pick<RootField, "args"> {
  readonly field: Pick<RootField["field"], "name">;
}

function declared(declaration: Declaration, asked: Asked, context: unknown): MaybePromise<Sources> {
  const field = coordinateOf(asked.field);
  const topics = blaming("topics", field, () => {
    const answer: unknown = declaration.topics(asked.args, context);
    // A thenable that is no Promise, such as that of another library, is waited for as well.
    return isPromise(answer)
      ? Promise.resolve(answer).then((found) => topicsOf(found, field ?? unnamed))
      : topicsOf(answer, field ?? unnamed);
  });
  return topics instanceof Promise
    ? topics.then((found) => heard(declaration, asked, found))
    : heard(declaration, asked, topics);
}

function coordinateOf({ name }: Asked["field"]): string | undefined {
  return name === "" ? undefined : `Subscription.${name}`;
}

const unnamed = "a declared field";

function heard(declaration: Declaration, { args, field }: Asked, topics: readonly TopicName[]): Sources {
  const coordinate = coordinateOf(field);
  return {
    topics,
    interest: {
      match: blaming("match", coordinate, () => matchOf(declaration.match?.(args), coordinate ?? unnamed)),
      // The index groups interests by the identity of `facets`, so it must not be wrapped.
      facets: declaration.facets,
    },
    filter: declaration.filter && ((event) => declaration.filter?.(event.payload, args)),
    filtersByTopic: false,
    filterAlone: undefined,
    lent: undefined,
    readsContext: undefined,
  };
}

function hasResolver({ field }: RootField): boolean {
  return field.resolve !== undefined && field.resolve !== defaultFieldResolver;
}

function operationKey({ document, request }: Prepared, variables: string): string {
  // The name has no space in it, and the length says where the document ends. An empty name is none.
  return digestOf(`${request.operationName ?? ""} ${document.digest.length} ${document.digest}${variables}`);
}
