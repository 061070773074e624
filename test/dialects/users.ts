import {
  GraphQLBoolean,
  GraphQLError,
  GraphQLID,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from "graphql";
import { createFanfare, declare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";

interface User {
  readonly id: string;
  readonly active: boolean;
}

const { subscription, topic } = declare();
const changes = topic<readonly User[]>("users");

const userType = new GraphQLObjectType({
  name: "User",
  fields: { id: { type: new GraphQLNonNull(GraphQLID) }, active: { type: GraphQLBoolean } },
});

const users = {
  type: new GraphQLList(userType),
  args: { active: { type: GraphQLBoolean } },
  ...subscription({
    topics: () => [changes()],
    filter: (event: readonly User[], { active }: { active?: boolean }) =>
      active === undefined || event.some((user) => user.active === active),
  }),
};

const broken = {
  type: GraphQLString,
  ...subscription({
    topics: () => [changes()],
    resolve: (): string => {
      throw new GraphQLError("boom");
    },
  }),
};

const fails = {
  type: GraphQLString,
  resolve: (): string => {
    throw new RangeError("x");
  },
};

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: "Query",
    fields: { a: { type: GraphQLString, resolve: () => "1" }, fails },
  }),
  mutation: new GraphQLObjectType({
    name: "Mutation",
    fields: { shout: { type: GraphQLString, resolve: () => "A!" } },
  }),
  subscription: new GraphQLObjectType({ name: "Subscription", fields: { users, broken } }),
});

/** The server for the transcripts, with the subscription field `users`. */
export class Users implements AsyncDisposable {
  readonly fanfare: Fanfare;

  constructor(options: Omit<FanfareOptions, "schema"> = {}) {
    this.fanfare = createFanfare({ schema, log: silentLog, ...options });
  }

  readonly happenings = {
    publish: () => this.fanfare.publish(changes(), [{ id: "7", active: true }]),
    "publish inactive": () => this.fanfare.publish(changes(), [{ id: "8", active: false }]),
    end: () => this.fanfare.end(changes()),
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fanfare[Symbol.asyncDispose]();
  }
}
