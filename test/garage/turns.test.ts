import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { takingTurns } from "../../examples/garage/turns.ts";

describe("A program that says nothing in the middle of its transaction", () => {
  it("loses its turn in the end, and what it did", async () => {
    await using database = await PGlite.create();
    await database.exec("create table cars (make text)");
    const server = new PGLiteSocketServer({ db: takingTurns(database, 100), port: 0 });
    await server.start();
    const client = new Client({ connectionString: `postgres://postgres@${server.getServerConn()}/postgres` });
    await client.connect();
    await client.query("begin");
    await client.query("insert into cars values ('Saab')");
    const { rows } = await database.query("select * from cars");
    expect(rows).toEqual([]);
    await client.query("insert into cars values ('Volvo')");
    expect((await database.query("select * from cars")).rows).toEqual([{ make: "Volvo" }]);
    await client.end();
    await server.stop();
  });
});
