import type { Broker, Fence, NewEvent, Receipt } from "../../../src/contract/broker.ts";

/** A client of the recording broker in another process, which can only publish. */
export class RemoteBroker implements Broker {
  readonly supports = { history: true, acrossProcesses: true, durable: true };
  readonly #url: string;

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}`;
  }

  async open(): Promise<void> {
    throw new Error("Nobody listens here");
  }

  async subscribe(): Promise<never> {
    throw new Error("Nobody listens here");
  }

  async unsubscribe(): Promise<void> {}

  async publish(events: readonly NewEvent[], fence?: Fence): Promise<readonly Receipt[]> {
    const answer = await this.#ask("publish", { events, fence });
    const stored = typeof answer === "object" && answer !== null && "stored" in answer && answer.stored === true;
    return events.map(() => (stored ? { stored: "somewhere" } : { notStored: new Error("refused") }));
  }

  async last(topic: string): Promise<{ readonly position: string; readonly id: string } | undefined> {
    const answer = await this.#ask("last", { topic });
    const id = typeof answer === "object" && answer !== null && "id" in answer ? answer.id : undefined;
    return typeof id === "string" ? { position: "somewhere", id } : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #ask(what: string, body: object): Promise<unknown> {
    const response = await fetch(`${this.#url}/${what}`, { method: "POST", body: JSON.stringify(body) });
    return response.json();
  }
}
