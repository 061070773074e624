import { createServer, IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { FanfareError } from "../../base/error.ts";
import { refuseByStatus } from "../websocket/refusal.ts";

export type HttpServer = Server | SecureServer;

/** The handlers of one path. Without a handler, requests or upgrades go to the server's other listeners. */
export interface PathClaim {
  readonly request?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  readonly upgrade?: ((request: IncomingMessage, stream: Duplex, head: Buffer) => void) | undefined;
}

/**
 * Diverts the requests and upgrades of one path from a server's other listeners, also from listeners that are added
 * later. All other events reach them unchanged. An upgrade without a handler is answered with 404, since a listener for
 * upgrades keeps Node from handling it as a plain request. Disposal undoes all of it.
 *
 * @throws FanfareError BAD_OPTION for a path that does not begin with a slash or is claimed already.
 */
export function claimPath(server: HttpServer, path: string, claim: PathClaim): Disposable {
  if (!path.startsWith("/")) {
    throw new FanfareError("BAD_OPTION", `path is ${JSON.stringify(path)}; it must begin with "/"`);
  }
  const claims = claimed.get(server) ?? new PathClaims(server);
  claimed.set(server, claims);
  return claims.add(path, claim);
}

const claimed = new WeakMap<HttpServer, PathClaims>();

class PathClaims {
  readonly #server: HttpServer;
  readonly #claims = new Map<string, PathClaim>();
  readonly #emit: HttpServer["emit"];
  readonly #emitWasOwn: boolean;
  /** A server that never listens. Claimed events are emitted on it, so that tracing tools instrument them as well. */
  readonly #inner: Server;

  constructor(server: HttpServer) {
    this.#server = server;
    this.#emit = server.emit;
    this.#emitWasOwn = Object.hasOwn(server, "emit");
    this.#inner = createServer((request, response) => this.#at(request)?.request?.(request, response));
    this.#inner.on("upgrade", this.#upgraded);
    // Monkey patching: an emitter calls all listeners, so only a replaced `emit` can keep an event from the others.
    server.emit = this.#divert;
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
    // If other code has wrapped `emit` meanwhile, it stays in place: without claims it passes all events on.
    if (this.#server.emit !== this.#divert) return;
    if (this.#emitWasOwn) this.#server.emit = this.#emit;
    else Reflect.deleteProperty(this.#server, "emit");
    claimed.delete(this.#server);
  }

  #at(request: IncomingMessage): PathClaim | undefined {
    return this.#claims.get(withoutSlash(request.url?.split("?", 1)[0] ?? ""));
  }

  readonly #divert = (event: string, ...rest: unknown[]): boolean => {
    if (event !== "request" && event !== "upgrade") return this.#pass(event, rest);
    const [request, second, head] = rest;
    const claim = request instanceof IncomingMessage ? this.#at(request) : undefined;
    if (event === "request" && claim?.request) return this.#inner.emit(event, request, second);
    if (event === "upgrade" && claim?.upgrade) return this.#inner.emit(event, request, second, head);
    return this.#pass(event, rest);
  };

  #pass(event: string, rest: readonly unknown[]): boolean {
    return Reflect.apply(this.#emit, this.#server, [event, ...rest]) === true;
  }

  /** A listener for upgrades. Fastify calls it without `emit`, for the upgrades of its secondary servers. */
  readonly #upgraded = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const claim = this.#at(request);
    if (claim?.upgrade) claim.upgrade(request, stream, head);
    else if (this.#server.listenerCount("upgrade") === 1) refuseByStatus(stream, 404, "Not found");
  };
}

/** A path without its trailing slash: `/graphql` and `/graphql/` are the same. */
function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
