import type { OperationHandle } from "../declare/operation-handle.ts";

/** The handle of an operation that is in no session and has no topics: a query or mutation by HTTP or in process. */
export class DetachedOperation implements OperationHandle {
  readonly id: string;
  readonly name: string | undefined;
  readonly state: Record<string, unknown> = {};

  constructor(id: string, name: string | undefined) {
    this.id = id;
    this.name = name;
  }

  async join(): Promise<void> {}

  async leave(): Promise<void> {}
}
