import { GraphQLString, type GraphQLFieldConfig } from "graphql";
import { expectTypeOf } from "vitest";
import { declare, SKIP, topic, type OperationContext, type OperationHandle } from "fanfare";
import type { Viewer } from "fanfare/contract";

interface Context {
  readonly user: string;
}

interface Message {
  readonly id: string;
  readonly author: string;
}

interface RoomArgs {
  readonly room: string;
}

const { subscription } = declare<Context>();
const room = topic("room", { name: String }).of<Message>();

// From the topics follow the event, from the arguments everything that takes them, from `declare` the context.
const messageAdded = subscription({
  topics: ({ room: name }: RoomArgs, context) => {
    expectTypeOf(context).toEqualTypeOf<Context & OperationContext>();
    expectTypeOf(context.operation).toEqualTypeOf<OperationHandle>();
    return [room({ name })];
  },
  match: (args) => {
    expectTypeOf(args).toEqualTypeOf<RoomArgs>();
    return { author: "ada" };
  },
  filter: (event, args) => {
    expectTypeOf(event).toEqualTypeOf<Message>();
    expectTypeOf(args).toEqualTypeOf<RoomArgs>();
    return true;
  },
  visible: (event, { viewer, args }) => {
    expectTypeOf(event).toEqualTypeOf<Message>();
    expectTypeOf(viewer).toEqualTypeOf<Viewer | undefined>();
    expectTypeOf(args).toEqualTypeOf<RoomArgs>();
    return true;
  },
  queue: {
    overflow: "latest",
    key: (event) => {
      expectTypeOf(event).toEqualTypeOf<Message>();
      return event.author;
    },
  },
  onUnsubscribe: (args, context) => {
    expectTypeOf(args).toEqualTypeOf<RoomArgs>();
    expectTypeOf(context).toEqualTypeOf<Context & OperationContext>();
  },
});

// Without `resolve` the value is the event.
expectTypeOf(messageAdded.resolve).returns.toEqualTypeOf<Message | Promise<Message>>();
expectTypeOf(messageAdded.subscribe).parameter(1).toEqualTypeOf<RoomArgs>();
expectTypeOf(messageAdded.subscribe).parameter(2).toEqualTypeOf<Context>();

// `resolve` decides the value, and may skip; it has no context.
const lengthAdded = subscription({
  topics: ({ room: name }: RoomArgs) => [room({ name })],
  resolve: (event, args) => {
    expectTypeOf(event).toEqualTypeOf<Message>();
    expectTypeOf(args).toEqualTypeOf<RoomArgs>();
    return event.id === "" ? SKIP : event.id.length;
  },
  initial: () => 0,
});
expectTypeOf(lengthAdded.resolve).returns.toEqualTypeOf<number | Promise<number>>();

// `resolveFor` has it.
const mineAdded = subscription({
  topics: ({ room: name }: RoomArgs) => [room({ name })],
  resolveFor: (event, _args, context) => {
    expectTypeOf(context).toEqualTypeOf<Context & OperationContext>();
    return event.author === context.user;
  },
});
expectTypeOf(mineAdded.resolve).returns.toEqualTypeOf<boolean | Promise<boolean>>();

// A condition names a property of the event.
expectTypeOf(subscription<RoomArgs, Message>)
  .parameter(0)
  .toHaveProperty("match");
type Match = NonNullable<Parameters<typeof subscription<RoomArgs, Message>>[0]["match"]>;
expectTypeOf<(args: RoomArgs) => { author: string }>().toExtend<Match>();
expectTypeOf<(args: RoomArgs) => { author: object }>().not.toExtend<Match>();

// @ts-expect-error the event has no such property
subscription({ topics: () => [room({ name: "lobby" })], match: () => ({ autor: "ada" }) });
// @ts-expect-error `resolve` is given two arguments, or its result could not be shared
subscription({ topics: () => [room({ name: "lobby" })], resolve: (event, _args, context) => [event, context] });

// It is a plain pair of resolvers, and fits into a schema as it is.
expectTypeOf({ type: GraphQLString, ...messageAdded }).toExtend<GraphQLFieldConfig<unknown, Context>>();
