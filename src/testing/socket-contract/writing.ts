import type { Chapter } from "../contract-suite.ts";
import { noise, type Connection, type Stage } from "./stage.ts";

/** The size of the longest piece that a socket has to copy. */
const copiedBytes = 3_071;

export const writing: Chapter<Stage> = {
  name: "writing",
  cases: [
    {
      name: "writes head, result and tail as one message",
      async run(stage) {
        const connection = await stage.connect();
        const contents = ["{}", '{"data":{"text":"ключ 🏊"}}', '""', noise(5_000)];
        const expected = contents.flatMap((content) => connection.session.write(content));
        await stage.arrived(connection, expected);
      },
    },
    {
      name: "writes many messages at once, in order, whatever their length",
      async run(stage) {
        const connection = await stage.connect();
        const lengths = [0, 1, 100, 130, 2_000, 2_310, 3_060, 3_072, 4_096, 48_000, 70_000];
        const contents = Array.from({ length: 10 }, () => lengths.map((length) => noise(length))).flat();
        const first = connection.session.write(...contents);
        const second = connection.session.write('"last"');
        await stage.arrived(connection, [...first, ...second]);
      },
    },
    {
      name: "writes a result of a mebibyte whole",
      async run(stage) {
        const connection = await stage.connect();
        await stage.arrived(connection, connection.session.write(noise(786_432)));
      },
    },
    {
      name: "writes `count` messages, whatever the length of the array",
      async run(stage) {
        const connection = await stage.connect();
        const { session, socket } = connection;
        const { head, tail } = session.dialect.envelope("1");
        const parts = ["1", "2", "3"].flatMap((content) => [head, Buffer.from(content), tail]);
        socket.write([], 0);
        socket.write(parts, 2);
        await stage.arrived(connection, [session.whole("1"), session.whole("2")]);
        await stage.settle();
        stage.expect(connection.client.messages.length).toBe(2);
      },
    },
    {
      name: "copies the array and its short pieces before the call returns",
      async run(stage) {
        const connection = await stage.connect();
        const expected = [2, 20, 2_000, copiedBytes].flatMap((bytes) => writeLent(connection, bytes, bytes, bytes));
        await stage.arrived(connection, expected);
      },
    },
    {
      name: "copies them also for a slow client, and keeps clients apart",
      async run(stage) {
        const [slow, quick] = [await stage.connect(), await stage.connect()];
        slow.client.pause();
        const expected = [...(await stage.fill(slow))];
        const other: string[] = [];
        for (let round = 0; round < 20; round += 1) {
          expected.push(...writeLent(slow, 20, 40 + round, 20), ...writeLent(slow, 20, copiedBytes + 1, 20));
          other.push(...writeLent(quick, 20, 40 + round, 20));
        }
        await stage.arrived(quick, other);
        slow.client.resume();
        await stage.arrived(slow, expected);
      },
    },
  ],
};

/**
 * Writes a message, overwrites the memory that a caller may reuse, and returns the message that should arrive.
 *
 * @param head the number of the result's bytes in the first piece.
 * @param shared the number in the second piece.
 * @param tail the number in the third piece.
 */
function writeLent({ session, socket }: Connection, head: number, shared: number, tail: number): readonly string[] {
  const envelope = session.dialect.envelope("1");
  const content = JSON.stringify("x".repeat(head + shared + tail));
  const text = Buffer.from(session.whole(content));
  const from = Math.min(envelope.head.length + head, copiedBytes);
  const to = Math.max(text.length - Math.min(envelope.tail.length + tail, copiedBytes), from);
  const parts = [text.subarray(0, from), text.subarray(from, to), text.subarray(to)].map((piece) => Buffer.from(piece));
  socket.write(parts, 1);
  for (const part of parts.splice(0)) if (part.length <= copiedBytes) part.fill("#");
  return [text.toString()];
}
