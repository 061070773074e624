import type { Log } from "fanfare";

interface Entry {
  readonly level: "warn" | "error";
  readonly message: string;
  readonly details: object;
}

/** A log that writes down what it is told. */
export class NotingLog implements Log {
  readonly entries: Entry[] = [];

  get messages(): readonly string[] {
    return this.entries.map((entry) => entry.message);
  }

  warn(message: string, details: object): void {
    this.entries.push({ level: "warn", message, details });
  }

  error(message: string, details: object): void {
    this.entries.push({ level: "error", message, details });
  }
}
