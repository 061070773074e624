import { deepEqual } from "node:assert/strict";
import { connect } from "node:net";
import { BareClient } from "./bare-client.ts";
import { Child } from "./child.ts";
import { tickOf } from "./crowd.ts";
import type { ServerAnswers } from "./server.ts";
import { until } from "./until.ts";

/** A server in a process of its own, and a well-behaved subscriber that has to be served whatever others do. */
export class Scene implements AsyncDisposable {
  readonly server: Child<ServerAnswers>;
  readonly port: number;
  readonly #bystander: BareClient;
  #published = 0;

  private constructor(server: Child<ServerAnswers>, port: number, bystander: BareClient) {
    this.server = server;
    this.port = port;
    this.#bystander = bystander;
  }

  /** @param options of Fanfare, as far as JSON can say them. */
  static async open(options: object = {}): Promise<Scene> {
    const server = new Child<ServerAnswers>("server.ts", JSON.stringify({ trustProxy: 1, ...options }));
    const port = await server.ask("port");
    const bystander = await BareClient.ready(port, { headers: from("192.0.2.1") });
    bystander.subscribe("1", 'subscription { ticks(room: "square") { n } }');
    const scene = new Scene(server, port, bystander);
    await scene.cleared();
    return scene;
  }

  /** Everybody is served: who is there gets the next event, and who comes gets in. */
  async serves(): Promise<void> {
    await this.server.ask("publish", "square", 1, 1);
    this.#published += 1;
    const expected = Array.from({ length: this.#published }, (_, index) => index + 1);
    await this.#bystander.until(() => this.#bystander.messages.length >= this.#published, "the next event");
    deepEqual(
      this.#bystander.messages.map((message) => tickOf(message)?.n),
      expected,
    );
    using newcomer = await BareClient.ready(this.port, { headers: from("192.0.2.2") });
    newcomer.subscribe("1", "{ hi }");
    await newcomer.until(() => newcomer.messages.length === 2, "a result and its end");
    deepEqual(newcomer.messages[0]?.payload, { data: { hi: "hello" } });
  }

  /** Nothing is left of anybody but the bystander, and nothing went wrong on the way. */
  async cleared(): Promise<void> {
    let rest: object = {};
    await until(
      async () => {
        const { sessions, operations, topics } = await this.server.ask("observed");
        rest = { sessions, operations, topics };
        return sessions === 1 && operations === 1 && topics === 1;
      },
      () => `one session, operation and topic; there are ${JSON.stringify(rest)}`,
    );
    const { errors, uncaught } = await this.server.ask("observed");
    deepEqual({ errors, uncaught }, { errors: [], uncaught: [] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bystander[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** Comes by a proxy, so that limits of the others' address do not concern it. */
function from(address: string): Readonly<Record<string, string>> {
  return { "X-Forwarded-For": address };
}

/** Sends bytes on a connection of its own, and answers everything that came back until the server ended it. */
export async function exchange(port: number, ...pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let received = "";
  let ended = false;
  socket.on("data", (data) => (received += data.toString("latin1")));
  for (const event of ["end", "error", "close"]) socket.on(event, () => (ended = true));
  for (const piece of pieces) socket.write(piece);
  await until(
    () => ended,
    () => `the end of a connection; received ${received.slice(0, 300)}`,
  );
  socket.destroy();
  return received;
}
