// Leaves the clients of every version idle, and then publishes: the event must reach each of them on the connection that
// it opened first. Two minutes by default; the first argument is another number of seconds. Not part of the tests, since
// what it waits for is the clients' own clocks.
import { setTimeout as pause } from "node:timers/promises";
import { ChatServer } from "../test/clients/chat-server.ts";
import { clients } from "../test/clients/clients.ts";
import { everyVersion } from "../test/clients/drivers/every-version.ts";
import { Heard } from "../test/clients/heard.ts";
import { Wire } from "../test/clients/wire.ts";

interface IdleClient {
  readonly name: string;
  readonly wire: Wire;
  events: number;
}

const seconds = Number(process.argv[2] ?? 120);
const query = `subscription { messageAdded(room: "lobby") { text } }`;
const idle: IdleClient[] = [];
await using server = await ChatServer.start();
await using open = new AsyncDisposableStack();

for (const { subscribed, version } of everyVersion) {
  const client = { name: `subscriptions-transport-ws ${version}, as it comes`, wire: new Wire(), events: 0 };
  idle.push(client);
  open.use(subscribed(server.url, client.wire, query, () => (client.events += 1)));
}
for (const { connect, name } of clients) {
  const wire = new Wire();
  const heard = new Heard();
  idle.push({
    name,
    wire,
    get events() {
      return heard.results.length;
    },
  });
  open.use(await connect({ url: server.url, wire })).subscribe(query, heard);
}
await server.live(idle.length);
console.log(`${idle.length} clients are subscribed, and idle for ${seconds} s`);
await pause(seconds * 1_000);
const connections = new Map(idle.map((client) => [client, client.wire.opened]));
await server.publish("still here");
await pause(2_000);
for (const client of idle) {
  const { events, name, wire } = client;
  const fine = events === 1 && connections.get(client) === 1 && wire.opened === 1;
  if (!fine) process.exitCode = 1;
  console.log(`${fine ? "ok  " : "FAIL"} ${name}: ${events} event, ${wire.opened} connection, ${wire.pings} pings`);
}
process.on("beforeExit", () => process.exit());
