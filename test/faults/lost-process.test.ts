import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Child } from "./child.ts";
import type { ClientProcessAnswers } from "./client-process.ts";
import { Scene } from "./scene.ts";
import { until } from "./until.ts";

const sockets = 200;

describe("A client process with 200 sockets", () => {
  let scene: Scene;
  let client: Child<ClientProcessAnswers>;

  beforeEach(async () => {
    scene = await Scene.open({ keepAlive: 500 });
    client = new Child("client-process.ts");
    await client.ask("connect", scene.port, sockets);
    await until(
      async () => (await scene.server.ask("observed")).operations === 2 * sockets + 1,
      () => "all subscriptions",
    );
  });

  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    await scene[Symbol.asyncDispose]();
  });

  it("that is killed while events flow leaves no session, operation or topic behind", async () => {
    const before = await client.ask("received");
    const publishing = scene.server.ask("publish", "lobby", 200, 4_096);
    await until(
      async () => (await client.ask("received")) > before,
      () => "the first events",
    );
    client.process.kill("SIGKILL");
    await once(client.process, "exit");
    await publishing;
    await scene.serves();
    await scene.cleared();
    // The newcomer who was served leaves without a word, too.
    expect((await scene.server.ask("observed")).codes).toEqual({ 1006: sockets + 1 });
  });

  it("that freezes is cut off within two pings, and delays nobody", async () => {
    client.process.kill("SIGSTOP");
    await scene.server.ask("publish", "lobby", 50, 4_096);
    await scene.serves();
    await scene.cleared();
    client.process.kill("SIGCONT");
    // The newcomer who was served leaves without a word, too.
    expect((await scene.server.ask("observed")).codes).toEqual({ 1006: sockets + 1 });
  });
});
