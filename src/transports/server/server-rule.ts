import { anObjectWith, propertyOf, type Cure, type Rule } from "../../base/rule.ts";

const allowed = "an HTTP server of Node, such as createServer() or app.listen() returns";
const functions = ["on", "off", "emit", "listeners", "listenerCount", "address"] as const;

const ownServer: Rule = anObjectWith(allowed, functions);

const cure: Cure = (value) => {
  if (typeof value === "function") return "Pass the server that app.listen(port) returns, or createServer(app)";
  if (typeof value === "number" || typeof value === "string") return "For a port, call listen({ port })";
  if (value === undefined) return "Pass the server that app.listen(port) returns";
  return ownServer("server", propertyOf(value, "server")) === undefined ? "Pass its property server" : undefined;
};

/** An HTTP server of Node, known by its functions: a test runner may have loaded another copy of its class. */
export const aServer: Rule = anObjectWith(allowed, functions, cure);
