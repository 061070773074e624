import { GraphQLID, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { groupHooks, GroupSubscriptions } from "fanfare/compat";
import { model } from "fanfare/models";
import { TestClient } from "fanfare/testing";
import type { CapturedChange, CapturedRow } from "../../src/contract/captured.ts";

const people = {
  name: "people",
  key: "id",
  columns: { id: "integer", fullName: { name: "full_name", type: "text" }, age: "integer", secret: "text" },
} as const;

const Person = model(people, { name: "Person", fields: ["id", "fullName", "age"], hooks: groupHooks("Person") });
const groups = new GroupSubscriptions({
  fields: {
    personCreated: { type: Person.type, groups: () => ["PersonCreated"] },
    personUpdated: {
      type: Person.type,
      args: { id: { type: new GraphQLNonNull(GraphQLID) } },
      groups: ({ id }) => [`PersonUpdated.${String(id)}`],
    },
    personDeleted: {
      type: Person.type,
      args: { id: { type: new GraphQLNonNull(GraphQLID) } },
      groups: ({ id }) => [`PersonDeleted.${String(id)}`],
    },
  },
});

const ada = { id: "7", full_name: "Ada", age: "36", secret: "x" };
const older = { ...ada, age: "37" };

function captured(before: CapturedRow | null, after: CapturedRow | null): CapturedChange {
  const action = before === null ? "CREATED" : after === null ? "DELETED" : "UPDATED";
  const place = { epoch: "e", major: 1n, minor: 1n };
  return { kind: "change", place, table: Person.table, action, before, after, moved: false, at: 0, transaction: "1" };
}

describe("The hooks of groups", () => {
  it.each([
    ["personCreated { fullName }", captured(null, ada), "PersonCreated", 36],
    ["personUpdated(id: 7) { fullName }", captured(ada, older), "PersonUpdated.7", 37],
    ["personDeleted(id: 7) { fullName }", captured(older, null), "PersonDeleted.7", 37],
  ])(
    "publish committed changes to groups, in the form of the older server: %s (S4-14, S4-16)",
    async (query, change, group, age) => {
      const schema = new GraphQLSchema({
        query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
        subscription: new GraphQLObjectType({ name: "Subscription", fields: groups.fields }),
      });
      await using fanfare = createFanfare({ schema, log: silentLog, ...groups.options });
      const [dialect] = groups.options.dialects;
      await using client = new TestClient(fanfare, { ...(dialect && { dialect }) });
      await client.connectAndInit();
      const id = client.start(`subscription { ${query} }`);
      expect(await client.receiveNext(id)).toMatchObject({ extensions: { cyparta: { registeredGroups: [group] } } });
      const others = [captured(null, { ...ada, id: "8" }), change].flatMap((each) => Person.extraEvents(each));
      for (const { topic, payload } of others.slice(group === "PersonCreated" ? 1 : 0)) {
        await fanfare.publish(topic, payload);
      }
      const fields = { id: 7, full_name: "Ada", age };
      const [name = ""] = query.split(/\W/);
      expect(await client.receiveNext(id)).toEqual({ data: { [name]: { pk: 7, fields, group } }, errors: null });
    },
  );

  it("name the row by the text of its primary key if `id` is no field", () => {
    const Named = model(people, { name: "Person", fields: ["fullName"], hooks: groupHooks("Person") });
    expect(Named.extraEvents(captured(null, ada))).toMatchObject([
      { payload: { value: { pk: "7", fields: { full_name: "Ada", id: "7" } } } },
    ]);
  });
});
