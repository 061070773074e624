import { expect, it } from "vitest";
import { Child } from "./child.ts";
import type { RejectingAnswers } from "./rejecting-functions.ts";

it("No rejection of an application's function ends the process, wherever a function is asked for", async () => {
  await using child = new Child<RejectingAnswers>("rejecting-functions.ts");
  expect(await child.ask("names")).toContain("visible");
  expect(await child.ask("unheard")).toEqual([]);
});
