// A server that is started by test/graphql-16/server-process.ts. It writes its port to its output.
import { subscribe } from "node:diagnostics_channel";
import { createFanfare } from "fanfare";
import { blogSchema, posts, type Counts } from "./blog-schema.ts";

const counts: Counts = { live: 0, executions: 0 };

const schema = blogSchema(counts, {
  publish: (post) => fanfare.publish(posts(), post),
  end: () => fanfare.end(posts()),
});
const fanfare = createFanfare({ schema, onConnect: ({ user }) => ({ user }) });

subscribe("fanfare:operation.started", (message) => {
  if (typeof message !== "object" || message === null || !("kind" in message)) return;
  if (message.kind === "subscription") counts.live += 1;
});
subscribe("fanfare:event.executed", () => (counts.executions += 1));

const { port } = await fanfare.listen({ port: 0 });
process.stdout.write(`${port}\n`);
// The process that started this one has gone.
process.stdin.once("end", () => process.exit()).resume();
