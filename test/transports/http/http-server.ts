import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { createFanfare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import { declare } from "fanfare/declare";

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
