import type { HttpHandler } from "../http/node-handler.ts";
import { claimPath, type HttpServer } from "./path-claims.ts";
import type { WebSocketTransport } from "../websocket/websocket.ts";

/** Options of {@link attach}: a path and its handlers. */
export interface PathOptions {
  /** The path, matched exactly except for the query and a trailing slash. Default: `/graphql`. */
  readonly path?: string | undefined;
  /** Answers requests. Default: none, so that they go to the server's other listeners. */
  readonly http?: HttpHandler | undefined;
  /** Takes upgrades. Default: none, so that they go to the server's other listeners. */
  readonly websocket?: Pick<WebSocketTransport, "upgrade"> | undefined;
}

/**
 * Serves one path of an existing server: Node's own, or that of Express, Fastify or Hono. Other paths stay as they are,
 * and disposal gives this path back.
 *
 * Requests are answered before the framework gets them, so its middleware (CORS, logging, rate limits) does not apply.
 * If it should, leave `http` out and mount the handler in the framework. Do the same if Fastify listens on `localhost`:
 * it then runs a second server, for IPv6, to which it gives no access.
 *
 * @throws FanfareError BAD_OPTION for a path that does not begin with a slash or is served already.
 */
export function attach(server: HttpServer, options: PathOptions): Disposable {
  const { path = "/graphql", http, websocket } = options;
  return claimPath(server, path, {
    request: http,
    upgrade: websocket && ((request, stream, head) => websocket.upgrade(request, stream, head)),
  });
}
