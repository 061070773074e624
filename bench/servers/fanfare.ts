// Fanfare as it comes, under its default limits. `--overflow <policy>` is for slow-client.ts.
import { parseArgs } from "node:util";
import { createFanfare, declare } from "fanfare";
import type { Overflow } from "fanfare/declare";
import type { Message } from "../message.ts";
import { schemaWith } from "../schema.ts";
import { control } from "./control.ts";

const { values } = parseArgs({ options: { overflow: { type: "string", default: "disconnect" } } });
const { overflow } = values;
if (!isOverflow(overflow)) throw new Error(`There is no policy "${overflow}".`);

const { subscription, topic } = declare();
const room = topic("room", { name: String }).of<Message>();
const messageAdded = subscription({
  topics: ({ room: name }: { room: string }) => [room({ name })],
  queue: { overflow },
});

const fanfare = createFanfare({ schema: schemaWith(messageAdded) });
const { port } = await fanfare.listen({ port: 0 });

control({ port, publish: (name, message) => void fanfare.publish(room({ name }), message) });

function isOverflow(name: string): name is Overflow {
  return ["disconnect", "latest", "drop-oldest", "drop-newest"].includes(name);
}
