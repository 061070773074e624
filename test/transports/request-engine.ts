import { buildSchema, execute, getOperationAST, GraphQLError, parse, validate, type ExecutionResult } from "graphql";
import type { Peer } from "../../src/contract/peer.ts";
import type { BegunRequest, EncodedResult, OperationKind, RequestEngine } from "../../src/contract/request-engine.ts";
import type { OperationRequest } from "../../src/dialects/message.ts";
import { decodeRequest } from "../../src/dialects/request.ts";
import { exceededBound } from "../../src/base/json-bounds.ts";
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
  readonly maxBodyBytes = 10_000;
  executed = 0;

  async whenTimeToRead(_bytes: number): Promise<boolean> {
    return true;
  }

  async admit(): Promise<Disposable> {
    return { [Symbol.dispose]: () => undefined };
  }

  kindOf({ query, operationName }: OperationRequest): OperationKind | undefined {
    try {
      return getOperationAST(parse(query), operationName)?.operation;
    } catch {
      return undefined;
    }
  }

  async begin(peer: Peer, request: OperationRequest): Promise<BegunRequest> {
    return { kind: this.kindOf(request), run: () => this.run(peer, request) };
  }

  async run(peer: Peer, request: OperationRequest): Promise<EncodedResult> {
    if (request.query === "") return encoded({ errors: [new GraphQLError("Missing query")] }, "malformed");
    const errors = errorsOf(request.query);
    if (errors.length > 0) return encoded({ errors }, "refused");
    this.executed += 1;
    const rootValue = {
      hi: ({ name }: { name: string }) => `hi ${name}`,
      address: () => peer.address,
      fault: () => {
        throw new Error("a fault");
      },
      count: () => this.executed,
    };
    const { operationName, query, variables: variableValues } = request;
    const result = await execute({ schema, document: parse(query), rootValue, variableValues, operationName });
    return encoded(result, result.data === undefined ? "refused" : "executed");
  }
}

function encoded(result: ExecutionResult, outcome: EncodedResult["outcome"]): EncodedResult {
  return { text: JSON.stringify(result), outcome };
}

function errorsOf(query: string): readonly GraphQLError[] {
  try {
    return validate(schema, parse(query));
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

export const parseJson: HttpServiceOptions["parse"] = (text) =>
  exceededBound(text, { depth: 64, bytes: Infinity }) === undefined
    ? parseObject(text)
    : { problem: "Nested too deep" };

export interface PlainHttpOptions extends Partial<HttpServiceOptions> {
  readonly trustProxy?: number;
}

/** HTTP on graphql-js. */
export function plainHttp({ trustProxy, ...options }: PlainHttpOptions = {}): HttpHandler {
  const service = httpService({
    engine: new PlainEngine(),
    log: recordedLog(),
    parse: parseJson,
    decode: decodeRequest,
    ...options,
  });
  return nodeHandler(service, trustProxy);
}
