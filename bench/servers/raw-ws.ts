// What fan-out costs without GraphQL: one string is made for each event and handed to `send` of every socket. With
// `--bytes` it is turned into bytes first, once, which ws sends a little cheaper.
import { createServer } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";
import { control, listen } from "./control.ts";

const asBytes = process.argv.includes("--bytes");
const id = "00000000-0000-4000-8000-000000000000"; // As long as the ids that the clients chose.
const rooms = new Map<string, Set<WebSocket>>();

const http = createServer();
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });

sockets.on("connection", (socket) => {
  const joined: Set<WebSocket>[] = [];
  socket.on("message", (data: Buffer) => {
    const message: { type: string; payload?: { variables: { room: string } } } = JSON.parse(data.toString());
    if (message.type === "connection_init") socket.send('{"type":"connection_ack"}');
    if (message.type === "ping") socket.send('{"type":"pong"}');
    if (!message.payload) return;
    const { room } = message.payload.variables;
    const members = rooms.get(room) ?? new Set();
    rooms.set(room, members.add(socket));
    joined.push(members);
  });
  socket.on("close", () => joined.forEach((members) => members.delete(socket)));
  socket.on("error", () => socket.terminate());
});

control({
  port: await listen(http),
  publish(room, messageAdded) {
    const text = JSON.stringify({ id, type: "next", payload: { data: { messageAdded } } });
    const ready = asBytes ? Buffer.from(text) : text;
    for (const socket of rooms.get(room) ?? []) socket.send(ready, { binary: false });
  },
});
