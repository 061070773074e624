import { buildSchema, execute, parse, validate } from "graphql";
import type { RequestEngine } from "../../src/contract/request-engine.ts";
import { jsonDepth } from "../../src/base/json-depth.ts";
import { parseObject } from "../../src/base/json.ts";
import { nodeHandler, type HttpHandler } from "../../src/transports/http/node-handler.ts";
import { httpService, type HttpServiceOptions } from "../../src/transports/http/service.ts";
import { recordedLog } from "./websocket-server.ts";

const schema = buildSchema(`
  type Query { hi(name: String = "you"): String!, address: String!, fault: Int! }
  type Mutation { count: Int! }
  type Subscription { tick: Int! }
`);

/** graphql-js itself, behind the contract; it counts how often it has executed. */
export class PlainEngine implements RequestEngine {
  readonly schema = schema;
  readonly maxBodyBytes = 10_000;
  executed = 0;

  parse: RequestEngine["parse"] = (source) => parse(source);

  validate: RequestEngine["validate"] = (document) => validate(schema, document);

  formatError: RequestEngine["formatError"] = (error) => error.toJSON();

  isCommand: RequestEngine["isCommand"] = () => false;

  execute: RequestEngine["execute"] = async (peer, document, request) => {
    this.executed += 1;
    const rootValue = {
      hi: ({ name }: { name: string }) => `hi ${name}`,
      address: () => peer.address,
      fault: () => {
        throw new Error("a fault");
      },
      count: () => this.executed,
    };
    const { operationName, variables: variableValues } = request;
    const { data, errors } = await execute({
      schema,
      document,
      rootValue,
      variableValues,
      operationName,
    });
    return {
      ...(errors && { errors: errors.map((error) => error.toJSON()) }),
      ...(data !== undefined && { data }),
    };
  };
}

export const parseJson: HttpServiceOptions["parse"] = (text) =>
  jsonDepth(text) ? parseObject(text) : { problem: "Nested too deep" };

export interface PlainHttpOptions extends Partial<HttpServiceOptions> {
  readonly trustProxy?: number;
}

/** HTTP on graphql-js. */
export function plainHttp({ trustProxy, ...options }: PlainHttpOptions = {}): HttpHandler {
  const service = httpService({ engine: new PlainEngine(), log: recordedLog(), parse: parseJson, ...options });
  return nodeHandler(service, trustProxy);
}
