import { createFanfare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import type { MessagePayload } from "fanfare/contract";
import { chatSchema, message, room, type Message } from "../server/chat.ts";
import { until } from "../faults/until.ts";
import { Observed } from "./observed.ts";

interface ChatOptions extends Pick<FanfareOptions, "clock" | "dialects" | "log" | "onOperation" | "onSubscribe"> {
  /** Subscription fields beside those of a chat. */
  readonly fields?: Parameters<typeof chatSchema>[0];
}

/** How a client has introduced itself: by a message, by the header `user`, or both. */
interface Introduction {
  readonly message: MessagePayload;
  readonly header: string | undefined;
}

/** A server that clients reach by a real socket, and that can be ended and started again where it was. */
export class ChatServer implements AsyncDisposable {
  readonly observed: Observed = new Observed();
  readonly introductions: Introduction[] = [];
  readonly #options: ChatOptions;
  #fanfare: Fanfare;
  #port = 0;

  private constructor(options: ChatOptions) {
    this.#options = options;
    this.#fanfare = this.#made();
  }

  static async start(options: ChatOptions = {}): Promise<ChatServer> {
    const server = new ChatServer(options);
    await server.#listen();
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/graphql`;
  }

  /** Resolves when so many subscriptions became live, in all. */
  async live(count: number): Promise<void> {
    await until(
      () => this.observed.live >= count,
      () => `subscription ${count} to be live; ${JSON.stringify(this.observed)}`,
    );
  }

  /** Resolves when so many operations are over, in all. */
  async over(count: number): Promise<void> {
    await until(
      () => this.observed.ends.length >= count,
      () => `the end of operation ${count}; ${JSON.stringify(this.observed)}`,
    );
  }

  /** Publishes a message to the lobby. */
  async publish(text: string, more: Partial<Message> = {}): Promise<void> {
    const event = message(text, more);
    await this.#fanfare.publish(room({ room: event.room }), event);
  }

  /** Ends the subscriptions of the lobby. */
  async end(): Promise<void> {
    await this.#fanfare.end(room({ room: "lobby" }));
  }

  async stop(): Promise<void> {
    await this.#fanfare[Symbol.asyncDispose]();
  }

  async startAgain(): Promise<void> {
    this.#fanfare = this.#made();
    await this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.observed[Symbol.dispose]();
  }

  #made(): Fanfare {
    const { fields, ...options } = this.#options;
    return createFanfare({
      log: silentLog,
      ...options,
      schema: chatSchema(fields),
      onConnect: (params, { peer }) => void this.introductions.push({ message: params, header: peer.header("user") }),
    });
  }

  async #listen(): Promise<void> {
    const { port } = await this.#fanfare.listen({ port: this.#port });
    this.#port = port;
  }
}
