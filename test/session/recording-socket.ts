import type { Peer, Socket } from "fanfare/contract";

const decoder = new TextDecoder();

/**
 * A socket that writes down how it was used. It takes its time to close, as real ones do: the connection is gone only
 * when its session is told so.
 */
export class RecordingSocket implements Socket {
  readonly peer: Peer = { address: "127.0.0.1", url: "/graphql", header: () => undefined };
  blocked = false;
  /** The messages of each write, as text. */
  readonly writes: string[][] = [];
  /** Everything that was done, in order: `write`, `ping`, `close 1000 Done`, `terminate`. */
  readonly done: string[] = [];

  get messages(): readonly string[] {
    return this.writes.flat();
  }

  write(parts: readonly Uint8Array[], count: number): void {
    const messages = Array.from({ length: count }, (_, index) =>
      parts
        .slice(3 * index, 3 * index + 3)
        .map((part) => decoder.decode(part))
        .join(""),
    );
    this.writes.push(messages);
    this.done.push("write");
  }

  ping(): void {
    this.done.push("ping");
  }

  close(code: number, reason: string): void {
    this.done.push(`close ${code} ${reason}`);
  }

  terminate(): void {
    this.done.push("terminate");
  }
}
