import { on, once } from "node:events";
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { GarageProcess } from "./garage-process.ts";
import { next, request, Subscriber } from "./subscriber.ts";

let garage: GarageProcess;
let url: string;

beforeAll(async () => {
  garage = await GarageProcess.open();
  url = await garage.url;
});

afterAll(() => garage[Symbol.asyncDispose]());

const comparison = (type: string): string =>
  `input ${type}Where { eq: ${type} ne: ${type} in: [${type}!] lt: ${type} lte: ${type} gt: ${type} gte: ${type} isNull: Boolean }`;

/** What is relied on from outside. */
const surface = `
type Query {
  hi: String!  me: User  cars(make: String, first: Int = 100, after: ID): [Car!]!  car(id: ID!): Car
  messages(room: String!, last: Int = 50): [Message!]!
}
type Mutation {
  createCar(input: CarInput!): Car!  updateCar(id: ID!, input: CarPatch!): Car!  deleteCar(id: ID!): ID!
  sendMessage(room: String!, text: String!): Message!
}
type Subscription {
  carCreated: Car!   carUpdated(id: ID): Car!   carDeleted(id: ID): Car!
  carChanged(actions: [ChangeAction!], id: ID, where: CarWhere, initial: Boolean = false): CarChange!
  carModelUpdated(pk: ID!): Car!
  carSubscription(operation: StreamOperation!, action: StreamAction!, channelId: String!, id: ID, data: [CarField!]): StreamResult!
  messageAdded(room: String!): Message!
}
type Car { id: ID!  make: String!  model: String!  variant: String  year: Int  updatedAt: DateTime! }
type CarChange { action: ChangeAction!  id: ID!  before: Car  after: Car  changed: [String!]!  moved: Boolean!  at: DateTime! }
enum ChangeAction { SNAPSHOT CREATED UPDATED DELETED }
input CarWhere { id: IDWhere  make: StringWhere  model: StringWhere  variant: StringWhere  year: IntWhere  and: [CarWhere!]  or: [CarWhere!]  not: CarWhere }
${["ID", "String", "Int"].map(comparison).join("\n")}
enum StreamOperation { SUBSCRIBE UNSUBSCRIBE }   enum StreamAction { CREATE UPDATE DELETE ALL_ACTIONS }
enum CarField { ID MAKE MODEL VARIANT YEAR UPDATED_AT }
type StreamResult { ok: Boolean!  error: String  stream: String  operation: StreamOperation  action: StreamAction }
type Message { id: ID!  room: String!  text: String!  author: User!  sentAt: DateTime! }
type User { id: ID!  username: String! }
input CarInput { make: String! model: String! variant: String year: Int }
input CarPatch { make: String model: String variant: String year: Int }
scalar DateTime
`;

describe("The garage's schema", () => {
  it("is the one that others rely on", async () => {
    const query = getIntrospectionQuery({ descriptions: false });
    const { data } = await request(url, query);
    const served = buildClientSchema(JSON.parse(JSON.stringify(data)));
    expect(printSchema(lexicographicSortSchema(served))).toBe(
      printSchema(lexicographicSortSchema(buildSchema(surface))),
    );
  });
});

describe("The garage's cars, as a model,", () => {
  it("go first where somebody asks for the initial ones, and every change follows", async () => {
    await using subscriber = new Subscriber(url);
    const changed = await subscriber.subscribe(
      'subscription { carChanged(initial: true, where: { make: { in: ["Skoda", "Wartburg"] } }) { action moved after { make year } } }',
    );
    expect(await next(changed)).toEqual({
      carChanged: { action: "SNAPSHOT", moved: false, after: { make: "Skoda", year: 2021 } },
    });
    await request(url, 'mutation { createCar(input: { make: "Barkas", model: "B 1000", year: 1961 }) { id } }');
    await request(url, 'mutation { updateCar(id: 2, input: { make: "Wartburg" }) { id } }');
    await request(url, "mutation { updateCar(id: 1, input: { year: 2022 }) { id } }");
    await request(url, 'mutation { updateCar(id: 2, input: { make: "Citroën" }) { id } }');
    expect(await next(changed)).toEqual({
      carChanged: { action: "CREATED", moved: true, after: { make: "Wartburg", year: 1972 } },
    });
    expect(await next(changed)).toEqual({
      carChanged: { action: "UPDATED", moved: false, after: { make: "Skoda", year: 2022 } },
    });
    expect(await next(changed)).toEqual({ carChanged: { action: "DELETED", moved: true, after: null } });
  });

  it("are called by a pk, too", async () => {
    await using subscriber = new Subscriber(url);
    const updated = await subscriber.subscribe("subscription { carModelUpdated(pk: 2) { id year } }");
    await request(url, "mutation { updateCar(id: 1, input: { year: 2023 }) { id } }");
    await request(url, "mutation { updateCar(id: 2, input: { year: 1973 }) { id } }");
    expect(await next(updated)).toEqual({ carModelUpdated: { id: "2", year: 1973 } });
  });

  it("are told at /streams to whoever was subscribed by HTTP (S2-W1 to S2-W5)", async () => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/streams`);
    const frames = on(socket, "message");
    const frame = async (): Promise<Record<string, unknown>> => JSON.parse(String((await frames.next()).value?.[0]));
    const { channel_id: channelId, connect } = await frame();
    expect(connect).toBe("success");
    const command = (operation: string): Promise<unknown> =>
      request(
        url,
        `subscription ($channelId: String!) {
          carSubscription(operation: ${operation}, action: UPDATE, channelId: $channelId, id: 1, data: [ID, MODEL, UPDATED_AT]) {
            ok error stream operation action
          }
        }`,
        { channelId: String(channelId) },
      );
    const ok = { ok: true, error: null, stream: "cars", action: "UPDATE" };
    expect(await command("SUBSCRIBE")).toEqual({ data: { carSubscription: { ...ok, operation: "SUBSCRIBE" } } });
    const echo = { action: "update", operation: "subscribe", ok: true, stream: "cars", error: null };
    expect(await frame()).toEqual(echo);

    await request(url, 'mutation { updateCar(id: 2, input: { model: "CX" }) { id } }');
    await request(url, 'mutation { updateCar(id: 1, input: { model: "Fabia" }) { id } }');
    const notification = {
      action: "update",
      model: "garage.car",
      data: { id: 1, model: "Fabia", updated_at: expect.any(String) },
    };
    expect(await frame()).toEqual({ stream: "cars", payload: notification });

    expect(await command("UNSUBSCRIBE")).toEqual({ data: { carSubscription: { ...ok, operation: "UNSUBSCRIBE" } } });
    expect(await frame()).toEqual({ ...echo, operation: "unsubscribe" });
    socket.close();
    await once(socket, "close");
  });
});
