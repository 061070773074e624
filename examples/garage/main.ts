import { readConfig } from "./config.ts";
import { openGarage } from "./garage.ts";
import { StartError } from "./start-error.ts";
import { askedToStop } from "./stop.ts";

const stop = askedToStop();

try {
  await using garage = await openGarage(readConfig(process.env));
  console.log(`The garage is open: ${garage.url}
  GraphQL  ${garage.url}/graphql, by HTTP and by WebSocket
  Data     ${garage.data}
  Ctrl+C   closes it`);
  await stop;
  console.log("Closing");
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}
