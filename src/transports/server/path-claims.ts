import { createServer, IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { FanfareError } from "../../base/error.ts";
import { checkArgument } from "../../base/option-check.ts";
import { asksForWebSocket, serveAsPlain } from "./plain-request.ts";
import { aServer } from "./server-rule.ts";

export type HttpServer = Server | SecureServer;

/** The handlers of one path. Without a handler, requests or upgrades go to the server's other listeners. */
export interface PathClaim {
  readonly request?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** Takes upgrades to WebSocket. With `request`, upgrades to anything else are plain requests of this path. */
  readonly upgrade?: ((request: IncomingMessage, stream: Duplex, head: Buffer) => void) | undefined;
}

/**
 * Diverts the requests and upgrades of one path from a server's other listeners, also from listeners that are added
 * later. All other events reach them unchanged. A listener for upgrades makes Node hand over every request with an Upgrade
 * header; those that neither the claim nor another listener takes are served as the plain requests that they were
 * without it. Disposal undoes all of it.
 *
 * @throws FanfareError BAD_OPTION for a server that is not Node's, and for a path that does not begin with a slash or is
 * claimed already.
 */
export function claimPath(server: HttpServer, path: string, claim: PathClaim): Disposable {
  checkArgument("attach", "server", server, aServer);
  if (!path.startsWith("/")) {
    throw new FanfareError("BAD_OPTION", `path is ${JSON.stringify(path)}; it must begin with "/"`);
  }
  const claims = claimed.get(server) ?? new PathClaims(server);
  claimed.set(server, claims);
  return claims.add(path, claim);
}

/** Who takes an upgrade. `nobody`: it is a plain request. */
type Taker = "claim" | "others" | "nobody";

interface Decision {
  readonly request: IncomingMessage;
  readonly taker: Taker;
}

const claimed = new WeakMap<HttpServer, PathClaims>();

class PathClaims {
  readonly #server: HttpServer;
  readonly #claims = new Map<string, PathClaim>();
  readonly #emit: HttpServer["emit"];
  readonly #emitWasOwn: boolean;
  /** The server's own decision on upgrades, by request; undefined before Node 22.21 and 24.9. */
  readonly #decide: unknown;
  /** A server that never listens. Claimed events are emitted on it, so that tracing tools instrument them as well. */
  readonly #inner: Server;
  /** Of the request that is being handed over, for which Node asks up to three times. Undefined in between. */
  #decision: Decision | undefined;

  constructor(server: HttpServer) {
    this.#server = server;
    this.#emit = server.emit;
    this.#emitWasOwn = Object.hasOwn(server, "emit");
    this.#decide = Reflect.get(server, "shouldUpgradeCallback");
    this.#inner = createServer((request, response) => this.#at(request)?.request?.(request, response));
    this.#inner.on("upgrade", this.#upgraded);
    // Monkey patching: an emitter calls all listeners, so only a replaced `emit` can keep an event from the others.
    server.emit = this.#divert;
    if (this.#decide !== undefined) Reflect.set(server, "shouldUpgradeCallback", this.#isUpgrade);
  }

  add(path: string, claim: PathClaim): Disposable {
    const key = withoutSlash(path);
    if (this.#claims.has(key)) {
      throw new FanfareError("BAD_OPTION", `path ${path} of this server is taken already`);
    }
    this.#claims.set(key, claim);
    if (claim.upgrade && !this.#server.listeners("upgrade").includes(this.#upgraded)) {
      this.#server.on("upgrade", this.#upgraded);
    }
    return {
      [Symbol.dispose]: () => {
        if (this.#claims.get(key) === claim) this.#remove(key);
      },
    };
  }

  #remove(key: string): void {
    this.#claims.delete(key);
    if (this.#claims.size > 0) return;
    this.#server.off("upgrade", this.#upgraded);
    if (Reflect.get(this.#server, "shouldUpgradeCallback") === this.#isUpgrade) {
      Reflect.set(this.#server, "shouldUpgradeCallback", this.#decide);
    }
    // If other code has wrapped `emit` meanwhile, it stays in place: without claims it passes all events on.
    if (this.#server.emit !== this.#divert) return;
    if (this.#emitWasOwn) this.#server.emit = this.#emit;
    else Reflect.deleteProperty(this.#server, "emit");
    claimed.delete(this.#server);
  }

  #at(request: IncomingMessage): PathClaim | undefined {
    return this.#claims.get(withoutSlash(request.url?.split("?", 1)[0] ?? ""));
  }

  readonly #divert = (...emitted: unknown[]): boolean => {
    const [event, request, second, head] = emitted;
    if (event === "request" && request instanceof IncomingMessage && this.#at(request)?.request) {
      return this.#inner.emit(event, request, second);
    }
    if (event !== "upgrade" || !(request instanceof IncomingMessage)) return this.#pass(emitted);
    if (this.#taker(request) !== "others") return this.#inner.emit(event, request, second, head);
    this.#decision = undefined;
    return this.#pass(emitted);
  };

  #pass(emitted: readonly unknown[]): boolean {
    return Reflect.apply(this.#emit, this.#server, emitted) === true;
  }

  #taker(request: IncomingMessage): Taker {
    if (this.#decision?.request !== request) this.#decision = { request, taker: this.#decideTaker(request) };
    return this.#decision.taker;
  }

  #decideTaker(request: IncomingMessage): Taker {
    const claim = this.#at(request);
    if (claim?.upgrade && asksForWebSocket(request)) return "claim";
    if (claim?.upgrade && claim.request) return "nobody";
    return this.#othersTake(request) ? "others" : "nobody";
  }

  #othersTake(request: IncomingMessage): boolean {
    if (this.#server.listeners("upgrade").every((listener) => listener === this.#upgraded)) return false;
    const decide = this.#decide;
    return typeof decide !== "function" || Boolean(Reflect.apply(decide, this.#server, [request]));
  }

  /** The server's `shouldUpgradeCallback`: whether Node stops to parse a request's connection and emits `upgrade`. */
  readonly #isUpgrade = (request: IncomingMessage): boolean => {
    if (this.#taker(request) !== "nobody") return true;
    this.#decision = undefined;
    return false;
  };

  /** A listener for upgrades. Fastify calls it without `emit`, for the upgrades of its secondary servers. */
  readonly #upgraded = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const taker = this.#taker(request);
    this.#decision = undefined;
    if (taker === "claim") this.#at(request)?.upgrade?.(request, stream, head);
    else if (taker === "nobody") serveAsPlain(this.#server, request, stream, head);
  };
}

/** A path without its trailing slash: `/graphql` and `/graphql/` are the same. */
function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
