import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";

/**
 * Whether a stream is a socket as Node has made it: when its `write` returns, it has handed the bytes on or counts them in
 * `writableLength`. Any other stream (a tunnel, a pair in this process, a socket whose `write` was replaced) may call back
 * at once and keep the chunk, so that memory which is used again would show later bytes in earlier places.
 */
export function isKernelSocket(stream: Duplex | null): stream is Socket {
  if (!(stream instanceof Socket) || Object.hasOwn(stream, "write") || Object.hasOwn(stream, "_write")) return false;
  const prototype: unknown = Object.getPrototypeOf(stream);
  return prototype === Socket.prototype || prototype === TLSSocket.prototype;
}
