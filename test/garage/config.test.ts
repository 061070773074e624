import { describe, expect, it } from "vitest";
import { readConfig } from "../../examples/garage/config.ts";

describe("The garage's configuration", () => {
  it("has a default for everything, also for what is set to nothing", () => {
    const defaults = { host: "127.0.0.1", port: 4000, database: undefined, folder: undefined };
    expect(readConfig({})).toStrictEqual(defaults);
    expect(readConfig({ HOST: "", PORT: "", DATABASE_URL: "", DATA_DIR: "" })).toStrictEqual(defaults);
  });

  it("comes from the environment", () => {
    expect(readConfig({ HOST: "::", PORT: "0", DATABASE_URL: "postgres:///garage", DATA_DIR: "data" })).toStrictEqual({
      host: "::",
      port: 0,
      database: "postgres:///garage",
      folder: "data",
    });
    expect(readConfig({ PORT: "65535" }).port).toBe(65_535);
  });

  it.each(["four thousand", "-1", "65536", "0x10", "4000 ", "4e3"])("refuses the port %j", (port) => {
    expect(() => readConfig({ PORT: port })).toThrow(`PORT is ${JSON.stringify(port)}; it must be a number`);
  });
});
