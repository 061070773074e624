import type { Fanfare } from "fanfare";
import type { MessagePayload } from "fanfare/contract";
import { TestClient } from "fanfare/testing";

/** A client that was acknowledged. */
export async function connected(fanfare: Pick<Fanfare, "accept">, payload?: MessagePayload): Promise<TestClient> {
  const client = new TestClient(fanfare);
  await client.connectAndInit(payload);
  return client;
}
