import type { GraphQLSchema } from "graphql";
import { expectTypeOf } from "vitest";
import { createFanfare, type Connection, type ErrorCode, type Fanfare, type FormattedResult } from "fanfare";

declare const schema: GraphQLSchema;

interface Context {
  readonly user: string;
}

// The context of resolvers is what the `context` option gives, at once or later.
const fanfare = createFanfare({
  schema,
  context: ({ connection, request }): Context => {
    expectTypeOf(connection).toEqualTypeOf<Connection>();
    expectTypeOf(request.query).toEqualTypeOf<string>();
    return { user: connection.id };
  },
  shareBy: (context) => {
    expectTypeOf(context).toEqualTypeOf<Context>();
    return context.user;
  },
});
expectTypeOf(fanfare).toEqualTypeOf<Fanfare<Context>>();
expectTypeOf(createFanfare({ schema, context: async () => ({ user: "ada" }) })).toEqualTypeOf<
  Fanfare<{ user: string }>
>();

// In process, a request brings the same context or makes it.
const results = await fanfare.subscribe({ query: "{ hi }", context: { user: "ada" } });
expectTypeOf(results).toExtend<AsyncIterableIterator<FormattedResult> & AsyncDisposable>();
await fanfare.subscribe({ query: "{ hi }", context: () => ({ user: "ada" }) });
expectTypeOf<{ query: string; context: { user: number } }>().not.toExtend<Parameters<typeof fanfare.subscribe>[0]>();

// Codes are a closed list: what a program switches on is checked.
expectTypeOf<"EVENT_UNKNOWN">().toExtend<ErrorCode>();
expectTypeOf<ErrorCode>().not.toEqualTypeOf<string>();
