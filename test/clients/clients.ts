import type { Connect } from "./driver.ts";
import { apollo4 } from "./drivers/apollo-4.ts";
import { graphqlWs5, graphqlWs6 } from "./drivers/graphql-ws.ts";
import { urql } from "./drivers/urql.ts";

/** Every client that is tried. */
export const clients: readonly { readonly name: string; readonly connect: Connect }[] = [
  { name: "graphql-ws 6", connect: graphqlWs6 },
  { name: "graphql-ws 5", connect: graphqlWs5 },
  { name: "Apollo Client 4", connect: apollo4 },
  { name: "urql", connect: urql },
];
