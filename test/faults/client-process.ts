// A process with many subscribers, to be killed or frozen by a test.
import { BareClient } from "./bare-client.ts";
import { answer } from "./child.ts";

const clients: BareClient[] = [];

const answers = {
  async connect(port: number, count: number): Promise<void> {
    const join = async (): Promise<void> => {
      const client = await BareClient.ready(port);
      client.subscribe("1", 'subscription { ticks(room: "lobby") { n } }');
      client.subscribe("2", `subscription { ticks(room: "room ${clients.push(client)}") { n text } }`);
    };
    for (let left = count; left > 0; left -= 50) await Promise.all(Array.from({ length: Math.min(50, left) }, join));
  },

  /** Messages that all of them have received. */
  received: (): number => clients.reduce((sum, { messages }) => sum + messages.length, 0),
};

export type ClientProcessAnswers = typeof answers;

answer(answers);
process.once("disconnect", () => process.exit());
