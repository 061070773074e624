import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { createFanfare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import { declare } from "fanfare/declare";
import { fetchHandler } from "fanfare/fetch";
import { portOf } from "../websocket-server.ts";

const { subscription, topic } = declare();
const said = topic("said", { room: String }).of<string>();
const string = { type: GraphQLString };

/** Fields that show what came by HTTP: a text that is given back, and a subscription that gives its room at once. */
export const echoSchema: GraphQLSchema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: "Query",
    fields: { echo: { ...string, args: { text: string }, resolve: (_source, { text }) => text } },
  }),
  mutation: new GraphQLObjectType({
    name: "Mutation",
    fields: { change: { ...string, resolve: () => "changed" } },
  }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      said: {
        ...string,
        args: { room: string },
        ...subscription({
          topics: ({ room }: { room: string }) => [said({ room })],
          initial: ({ room }) => room,
        }),
      },
    },
  }),
});

export interface EchoServer extends AsyncDisposable {
  readonly fanfare: Fanfare;
  readonly port: number;
  readonly url: string;
}

/** A whole server on a port of its own. */
export async function echoServer(options: Partial<FanfareOptions> = {}): Promise<EchoServer> {
  const fanfare = createFanfare({ schema: echoSchema, log: silentLog, ...options });
  const { port, url } = await fanfare.listen({ port: 0 });
  return { fanfare, port, url, [Symbol.asyncDispose]: () => fanfare[Symbol.asyncDispose]() };
}

/** The same by the Fetch standard, on Hono. */
export async function fetchServer(): Promise<EchoServer> {
  const fanfare = createFanfare({ schema: echoSchema, log: silentLog });
  const handle = fetchHandler(fanfare);
  const app = new Hono();
  app.all("*", (context) => handle(context.req.raw));
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => resolve());
  await promise;
  const port = portOf(server);
  const dispose = async () => {
    await fanfare[Symbol.asyncDispose]();
    server.close();
  };
  return { fanfare, port, url: `http://127.0.0.1:${port}/graphql`, [Symbol.asyncDispose]: dispose };
}

/** The result in an answer, by JSON or as the first event of a stream, which is then closed. */
export async function firstResult(response: Response): Promise<unknown> {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response.json();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += new TextDecoder().decode(chunk);
    const data = /^data: (.+)$/m.exec(text)?.[1];
    if (data !== undefined) return JSON.parse(data);
  }
  return text;
}
