import type { Peer } from "../contract/peer.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import type { Connection } from "./connection.ts";

/** The handle of an operation that is in no session and has no topics: what is answered by HTTP at once. */
export class DetachedOperation implements OperationHandle {
  readonly id: string;
  readonly name: string | undefined;
  readonly peer: Peer;
  readonly viewer: Viewer | undefined;
  readonly state: Record<string, unknown> = {};

  constructor({ id, peer, viewer }: Pick<Connection, "id" | "peer" | "viewer">, name: string | undefined) {
    this.id = id;
    this.name = name;
    this.peer = peer;
    this.viewer = viewer;
  }

  async join(): Promise<void> {}

  async leave(): Promise<void> {}
}
