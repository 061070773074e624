import type { HttpHandler } from "../http/node-handler.ts";
import { claimPath, type HttpServer } from "./path-claims.ts";
import type { WebSocketTransport } from "../websocket/websocket.ts";

/** What answers at one path of a server. */
export interface PathOptions {
  /** Default `/graphql`. Compared whole, without the query and a last slash. */
  readonly path?: string | undefined;
  /** Answers requests. Default: they go on to whoever else listens, where the handler may be mounted as well. */
  readonly http?: HttpHandler | undefined;
  /** Takes upgrades. Default: they go on to whoever else listens. */
  readonly websocket?: Pick<WebSocketTransport, "upgrade"> | undefined;
}

/**
 * Serves one path of a server that belongs to somebody else: Node's own, or the one below Express, Fastify or Hono.
 * Everything at other paths is theirs as before, and so is everything at this path after disposal.
 *
 * Requests are answered before the framework sees them, so its middleware (CORS, logging, rate limits) does not apply.
 * Where it should, leave `http` out and mount the handler in the framework. Do so too when Fastify listens on
 * `localhost`: it then runs a second server, for IPv6, that cannot be reached from outside.
 *
 * Throws FanfareError BAD_OPTION for a path that does not begin with a slash or is served already.
 */
export function attach(server: HttpServer, options: PathOptions): Disposable {
  const { path = "/graphql", http, websocket } = options;
  return claimPath(server, path, {
    request: http,
    upgrade: websocket && ((request, stream, head) => websocket.upgrade(request, stream, head)),
  });
}
