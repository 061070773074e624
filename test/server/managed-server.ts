import { GraphQLBoolean, GraphQLError, GraphQLID, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { PubSub } from "graphql-subscriptions";
import { createFanfare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import { pubSubEngineBroker } from "fanfare/brokers/pubsub-engine";
import { SubscriptionManager } from "fanfare/compat";
import { until } from "../faults/until.ts";
import { Observed } from "../clients/observed.ts";

interface Context {
  readonly user?: string;
}

interface User {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
}

const userType = new GraphQLObjectType({
  name: "User",
  fields: { id: { type: GraphQLID }, name: { type: GraphQLString }, active: { type: GraphQLBoolean } },
});

/** The schema that S1's transport tests have: events are the root value, and no field knows of subscriptions. */
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
  subscription: new GraphQLObjectType<unknown, Context>({
    name: "Subscription",
    fields: {
      user: { type: userType, args: { id: { type: GraphQLID } } },
      userFiltered: { type: userType, args: { active: { type: GraphQLBoolean } } },
      context: { type: GraphQLString, resolve: (_source, _args, { user }) => user },
      error: {
        type: GraphQLString,
        resolve: () => {
          throw new GraphQLError("E1");
        },
      },
      refused: { type: GraphQLString },
    },
  }),
});

const users: readonly User[] = [
  { id: "1", name: "Dan", active: true },
  { id: "2", name: "Marie", active: false },
  { id: "3", name: "Jessie", active: true },
];

/** An error that is thrown on purpose, by the graphql of the server. */
export function refusal(message: string): GraphQLError {
  return new GraphQLError(message);
}

type Options = Omit<FanfareOptions<Context>, "schema" | "broker" | "triggers">;

/** A subscription manager with setup functions above a `PubSub`, as S1 has it, and a socket for its clients. */
export class ManagedServer implements AsyncDisposable {
  readonly observed: Observed = new Observed();
  readonly manager: SubscriptionManager<Context>;
  readonly #fanfare: Fanfare<Context>;
  #url = "";

  private constructor(options: Options) {
    this.#fanfare = createFanfare<Context>({
      ...options,
      schema,
      broker: pubSubEngineBroker(new PubSub()),
      triggers: {
        user: ({ id }) => ({ user: { filter: ({ user }: { user: User }) => user.id === id } }),
        userFiltered: ({ active }) => ({
          new_user_channel: { filter: ({ userFiltered }: { userFiltered: User }) => userFiltered.active === active },
        }),
        refused: () => {
          throw refusal("No such channel");
        },
      },
      strictRootField: true,
      log: silentLog,
    });
    this.manager = new SubscriptionManager<Context>({ fanfare: this.#fanfare });
  }

  static async start(options: Options = {}): Promise<ManagedServer> {
    const server = new ManagedServer(options);
    const { port } = await server.#fanfare.listen({ port: 0 });
    server.#url = `ws://127.0.0.1:${port}/graphql`;
    return server;
  }

  get url(): string {
    return this.#url;
  }

  /** Publishes all users, one after the other. */
  async publishUsers(): Promise<void> {
    for (const user of users) {
      await this.manager.publish("user", { user });
      await this.manager.publish("new_user_channel", { userFiltered: user });
    }
  }

  /** Resolves when so many subscriptions became live, in all. */
  async live(count: number): Promise<void> {
    await until(
      () => this.observed.live >= count,
      () => `subscription ${count} to be live; ${JSON.stringify(this.observed)}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager[Symbol.asyncDispose]();
    await this.#fanfare[Symbol.asyncDispose]();
    this.observed[Symbol.dispose]();
  }
}
