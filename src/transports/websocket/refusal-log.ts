import { quoted } from "../../base/close-code.ts";
import type { Log } from "../../contract/log.ts";
import type { OriginProblem } from "../origin.ts";

/** Milliseconds after a logged refusal in which further ones are only counted. */
const quietMilliseconds = 60_000;
/** UTF-16 code units of a client's header that are logged. */
const maxHeader = 100;

/** Logs refusals by origin, rate-limited, since anyone can cause them. Disposal stops its timer. */
export class RefusalLog implements Disposable {
  readonly #log: Log;
  #quiet: NodeJS.Timeout | undefined;
  #unlogged = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  refused({ reason, origin, host, cure }: OriginProblem): void {
    if (this.#quiet) {
      this.#unlogged += 1;
      return;
    }
    this.#log.warn(`A WebSocket was refused: ${reason}. To allow it, ${cure}`, {
      origin: origin === undefined ? undefined : quoted(origin, maxHeader),
      host: host === undefined ? undefined : quoted(host, maxHeader),
    });
    this.#quiet = setTimeout(() => this.#summarise(), quietMilliseconds).unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#quiet);
  }

  #summarise(): void {
    this.#quiet = undefined;
    const refused = this.#unlogged;
    this.#unlogged = 0;
    if (refused > 0) this.#log.warn("Further WebSockets were refused by their origin in the last minute", { refused });
  }
}
