import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GarageProcess } from "./garage-process.ts";
import { next, request, Subscriber } from "./subscriber.ts";

const send = "mutation ($room: String!, $text: String!) { sendMessage(room: $room, text: $text) { id } }";

let garage: GarageProcess;
let url: string;

beforeAll(async () => {
  garage = await GarageProcess.open();
  url = await garage.url;
});

afterAll(() => garage[Symbol.asyncDispose]());

describe("The garage's messages", () => {
  it("are one in the lobby from the start", async () => {
    expect(await request(url, '{ messages(room: "lobby") { id room text author { id username } sentAt } }')).toEqual({
      data: {
        messages: [
          {
            id: "1",
            room: "lobby",
            text: "Welcome to the garage.",
            author: { id: "1", username: "admin" },
            sentAt: expect.any(String),
          },
        ],
      },
    });
  });

  it("reach who is in their room, and nobody else", async () => {
    await using subscriber = new Subscriber(url);
    const pit = await subscriber.subscribe('subscription { messageAdded(room: "pit") { text author { username } } }');
    await request(url, send, { room: "pit:2", text: "elsewhere" });
    await request(url, send, { room: "pit", text: "a tyre, please" });
    expect(await next(pit)).toEqual({ messageAdded: { text: "a tyre, please", author: { username: "guest" } } });
  });

  it("are answered oldest first, the last ones of their room", async () => {
    for (const text of ["one", "two", "three"]) await request(url, send, { room: "count", text });
    expect(await request(url, '{ messages(room: "count", last: 2) { text } }')).toEqual({
      data: { messages: [{ text: "two" }, { text: "three" }] },
    });
  });

  it("must say something, in a room with a name", async () => {
    const badInput = { extensions: { code: "BAD_USER_INPUT" } };
    const { errors: text } = await request(url, send, { room: "lobby", text: "\n" });
    expect(text).toMatchObject([{ message: "text must not be empty", ...badInput }]);
    const { errors: room } = await request(url, send, { room: "", text: "hello" });
    expect(room).toMatchObject([{ message: "room must not be empty", ...badInput }]);
    await using subscriber = new Subscriber(url);
    const nowhere = await subscriber.subscribe('subscription { messageAdded(room: "") { text } }');
    await expect(next(nowhere)).rejects.toMatchObject([{ message: "room must not be empty", ...badInput }]);
  });
});
