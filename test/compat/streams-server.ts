import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { WebSocket, type ClientOptions } from "ws";
import { createFanfare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import { ModelStreams, type ModelStreamsOptions } from "fanfare/compat";
import { model, type Model, type ModelOptions } from "fanfare/models";
import type { CapturedRow } from "../../src/contract/captured.ts";
import type { ChangePayload } from "../../src/relay/change-payload.ts";

export const users = pgTable("auth_user", {
  id: integer("id").primaryKey(),
  username: text("username").notNull(),
  firstName: text("first_name").notNull(),
  email: text("email"),
});

const devices = pgTable("device", { id: uuid("id").primaryKey(), label: text("label") });

export interface Viewing {
  readonly user?: string;
}

export const meaghan: CapturedRow = { id: "5", username: "meaghan90", first_name: "Meaghan", email: "m@example.org" };

let transactions = 0;

/** A change as a relay publishes it, from the row `before` to the row `after`; either may be null. */
export function change(before: CapturedRow | null, after: CapturedRow | null): ChangePayload {
  const action = before === null ? "CREATED" : after === null ? "DELETED" : "UPDATED";
  transactions += 1;
  return { action, before, after, moved: false, at: 0, transaction: String(transactions) };
}

interface Setting {
  readonly streams?: ModelStreamsOptions;
  readonly user?: Partial<ModelOptions<typeof users.$inferSelect, Viewing, "email">>;
  readonly fanfare?: Partial<FanfareOptions<Viewing>>;
}

/** Users and devices as streams, on a real HTTP server: GraphQL at `/graphql`, channels at `/streams`. */
export class StreamsServer implements AsyncDisposable {
  readonly fanfare: Fanfare<Viewing>;
  readonly streams: ModelStreams;
  readonly #User: Model<typeof users.$inferSelect, Viewing>;
  readonly #Device = model(devices, { name: "Device", fields: ["id", "label"] });
  readonly #server: Server = createServer();
  readonly #clients: StreamsClient[] = [];
  readonly #door: Disposable;

  private constructor({ fanfare, streams, user }: Setting) {
    const fields = ["id", "username", "firstName", "email"] as const;
    this.#User = model(users, { name: "User", ...user, fields });
    this.streams = new ModelStreams({ log: silentLog, ...streams });
    const [User, Device] = [this.#User, this.#Device];
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString, resolve: () => "hello" } } }),
      subscription: new GraphQLObjectType<unknown, Viewing>({
        name: "Subscription",
        fields: {
          ...User.subscriptions,
          ...Device.subscriptions,
          userSubscription: this.streams.subscription(User, { stream: "users", label: "auth.user" }),
          deviceSubscription: this.streams.subscription(Device, { stream: "devices", names: "fields" }),
        },
      }),
    });
    this.fanfare = createFanfare<Viewing>({ schema, log: silentLog, linger: 0, ...fanfare });
    this.fanfare.attach(this.#server);
    this.#door = this.streams.attach(this.fanfare, this.#server);
  }

  static async open(setting: Setting = {}): Promise<StreamsServer> {
    const server = new StreamsServer(setting);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get url(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === "object" ? address?.port : address}`;
  }

  /** Stops serving channels at the path. */
  leave(): void {
    this.#door[Symbol.dispose]();
  }

  /** Opens a client's WebSocket. */
  async connect(options: ClientOptions = {}): Promise<StreamsClient> {
    const client = new StreamsClient(this, options);
    this.#clients.push(client);
    await once(client.socket, "open");
    return client;
  }

  /** Opens a client's WebSocket and waits for the channel's id. */
  async channel(options: ClientOptions = {}): Promise<StreamsClient> {
    const client = await this.connect(options);
    await client.greeted();
    return client;
  }

  post(query: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`http://${this.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ query }),
    });
  }

  /** Publishes a change of a user, as a relay does. */
  async changed(before: CapturedRow | null, after: CapturedRow | null): Promise<void> {
    await this.fanfare.publish(this.#User.topic, change(before, after));
  }

  async deviceChanged(before: CapturedRow | null, after: CapturedRow | null): Promise<void> {
    await this.fanfare.publish(this.#Device.topic, change(before, after));
  }

  async ended(): Promise<void> {
    await this.fanfare.end(this.#User.topic);
  }

  async truncated(): Promise<void> {
    await this.fanfare.publish(this.#User.topic, { action: "TRUNCATED", at: 0, transaction: "1" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.socket.terminate();
    await this.fanfare[Symbol.asyncDispose]();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** A client like a page in a browser: a WebSocket without a subprotocol, and HTTP requests. */
export class StreamsClient {
  readonly socket: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #server: StreamsServer;
  readonly #frames: string[] = [];
  readonly #headers: Readonly<Record<string, string>>;
  /** Resolves with the next frame, for all who wait for one. */
  #arrived = Promise.withResolvers<void>();
  #channelId = "";

  constructor(server: StreamsServer, options: ClientOptions) {
    this.#server = server;
    this.#headers = Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name, value]));
    this.socket = new WebSocket(`ws://${server.url}/streams`, options);
    this.socket.on("message", (data: Buffer) => {
      this.#frames.push(data.toString());
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  get channelId(): string {
    return this.#channelId;
  }

  /** Takes the first frame, which has the id of the channel. */
  async greeted(): Promise<string> {
    const frame = await this.frame();
    const greeting: { readonly channel_id: string } = JSON.parse(frame);
    this.#channelId = greeting.channel_id;
    return frame;
  }

  /** Takes the next frame, as text. */
  async frame(): Promise<string> {
    while (this.#frames.length === 0) await this.#arrived.promise;
    return this.#frames.shift() ?? "";
  }

  /** Takes the next `count` frames. */
  async frames(count: number): Promise<readonly unknown[]> {
    const frames: unknown[] = [];
    while (frames.length < count) frames.push(JSON.parse(await this.frame()));
    return frames;
  }

  /** Takes all frames before the answer to a frame that is sent now. */
  async rest(): Promise<readonly unknown[]> {
    this.socket.send('{"stream":"users","payload":{"action":"rest"}}');
    const frames: unknown[] = [];
    for (;;) {
      const frame = await this.frame();
      if (frame.includes('"action":"rest"')) return frames;
      frames.push(JSON.parse(frame));
    }
  }

  /** Sends a request for this channel, and resolves with the value of its field. */
  async ask(
    operation: string,
    action: string,
    more: string = "",
    field: string = "userSubscription",
  ): Promise<unknown> {
    const given = `operation: ${operation}, action: ${action}, channelId: "${this.#channelId}"${more && `, ${more}`}`;
    const response = await this.#server.post(`subscription { ${field}(${given}) { ok error stream } }`, this.#headers);
    const { data }: { readonly data: Readonly<Record<string, unknown>> } = JSON.parse(await response.text());
    return data[field];
  }

  /** Subscribes, and takes the acknowledgement. */
  async subscribe(action: string, more: string = "", field: string = "userSubscription"): Promise<void> {
    const answer = await this.ask("SUBSCRIBE", action, more, field);
    if (JSON.stringify(answer).includes('"ok":false')) throw new Error(JSON.stringify(answer));
    await this.frame();
  }

  /** Unsubscribes, and takes the acknowledgement. */
  async unsubscribe(action: string, more: string = ""): Promise<void> {
    await this.ask("UNSUBSCRIBE", action, more);
    await this.frame();
  }
}
