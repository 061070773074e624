/** The payload of every event: about 200 bytes as a frame, unless the text is made longer. */
export interface Message {
  readonly id: string;
  readonly room: string;
  readonly text: string;
  readonly author: { readonly id: string; readonly name: string };
  readonly sentAt: string;
}

let count = 0;

/** A message that differs from every other, and is as long. */
export function nextMessage(room: string, textBytes: number): Message {
  count++;
  return {
    id: String(count).padStart(8, "0"),
    room,
    text: Buffer.alloc(textBytes, "x").toString("latin1"), // `repeat` would give a rope that holds no memory.
    author: { id: "42", name: "Grace" },
    sentAt: "2026-01-01T00:00:00Z",
  };
}

/** All room names have the same length. */
export function roomName(index: number): string {
  return `room-${String(index).padStart(4, "0")}`;
}

const fields = (id: string): string[] => [id, "room", "text", "author{id name}", "sentAt"];

/** What every subscriber asks, unless each has its own document. */
export const sharedDocument = documentOf(fields("id"));

/**
 * One of 1,000 documents with the same amount of work and results of the same length, of which no two are equal, however
 * they are normalised: 5 orders of the fields times 200 aliases.
 */
export function distinctDocument(index: number): string {
  const alias = `a${Math.floor(index / 5)
    .toString(36)
    .padStart(2, "0")}`;
  const all = fields(`${alias}:id`);
  const shift = index % all.length;
  return documentOf([...all.slice(shift), ...all.slice(0, shift)]);
}

function documentOf(selection: readonly string[]): string {
  return `subscription($room:String!){messageAdded(room:$room){${selection.join(" ")}}}`;
}
