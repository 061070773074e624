import { defaultFieldResolver, type GraphQLFieldConfig } from "graphql";
import { shareable } from "../../src/declare/shareable.ts";

/**
 * How a generated field is resolved. `sharing` says what the field's declaration promises; whether it keeps the promise
 * is another matter.
 */
export const resolverKinds = {
  default: { sharing: true, about: "graphql-js's default resolver" },
  explicitDefault: { sharing: true, about: "graphql-js's default resolver, named" },
  shareable: { sharing: true, about: "marked, and uses source and arguments only" },
  shareableByExtension: { sharing: true, about: "the same, marked by the field's extensions" },
  mutator: { sharing: true, about: "marked, and changes the arguments it was given" },
  thrower: { sharing: true, about: "marked, and throws for one of three sources" },
  promising: { sharing: true, about: "marked, and gives promises, some of them rejected" },
  async: { sharing: true, about: "marked, and is an async function" },
  liar: { sharing: true, about: "marked, but reads the viewer from the context" },
  swallower: { sharing: true, about: "marked, reads the context and hides that it threw" },
  reader: { sharing: false, about: "not marked, and reads the viewer from the context" },
} as const;

export type ResolverKind = keyof typeof resolverKinds;

/** Kinds whose result depends on the event and the variables alone, at once. */
export const plainKinds: readonly ResolverKind[] = ["default", "explicitDefault", "shareable", "shareableByExtension"];

/** Kinds that keep the promise of their declaration. */
export const honestKinds: readonly ResolverKind[] = [...plainKinds, "mutator", "thrower", "promising", "async"];

type Config = Pick<GraphQLFieldConfig<unknown, unknown>, "resolve" | "extensions">;
type Args = Record<string, unknown>;

/**
 * The resolver of a field called `name`. Contexts are expected to be `{ viewer: string }`.
 * @param text whether the field may hold any text, so that arguments and viewer can be seen in it.
 */
export function resolverOf(kind: ResolverKind, name: string, text: boolean): Config {
  const plain = (source: unknown, args: Args): unknown => {
    const value: unknown = Reflect.get(Object(source), name);
    return text && typeof value === "string" ? `${value} ${JSON.stringify(args)}` : value;
  };
  const seenBy = (context: unknown, value: unknown): unknown => {
    const viewer: unknown = Reflect.get(Object(context), "viewer");
    return text && typeof value === "string" ? `${value} for ${String(viewer)}` : value;
  };
  switch (kind) {
    case "default":
      return {};
    case "explicitDefault":
      return { resolve: defaultFieldResolver };
    case "shareable":
      return { resolve: shareable(plain) };
    case "shareableByExtension":
      return { resolve: plain, extensions: { fanfare: { shareable: true } } };
    case "mutator":
      return { resolve: shareable((source: unknown, args: Args) => plain(source, mutated(args))) };
    case "thrower":
      return {
        resolve: shareable((source: unknown, args: Args) => sometimes(source, () => plain(source, args))),
      };
    case "promising":
      return {
        resolve: shareable((source: unknown, args: Args) =>
          Promise.resolve().then(() => sometimes(source, () => plain(source, args))),
        ),
      };
    case "async":
      return { resolve: shareable(async (source: unknown, args: Args) => plain(source, args)) };
    case "liar":
      return {
        resolve: shareable((source: unknown, args: Args, context: unknown) => seenBy(context, plain(source, args))),
      };
    case "swallower":
      return {
        resolve: shareable((source: unknown, args: Args, context: unknown) => {
          try {
            return seenBy(context, plain(source, args));
          } catch {
            return plain(source, args);
          }
        }),
      };
    case "reader":
      return {
        resolve: (source: unknown, args: Args, context: unknown) => seenBy(context, plain(source, args)),
      };
  }
  throw new TypeError(`Unknown kind of resolver ${String(kind)}`);
}

function mutated(args: Args): Args {
  args["mutated"] = Number(args["mutated"] ?? 0) + 1;
  return args;
}

/** Throws for one of three sources, and always for the same ones. */
function sometimes(source: unknown, otherwise: () => unknown): unknown {
  if (Object.keys(Object(source)).length % 3 === 1) throw new Error("This source is one of three");
  return otherwise();
}
