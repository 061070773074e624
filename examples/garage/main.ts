import { readConfig } from "./config.ts";
import { openGarage } from "./garage.ts";
import { StartError } from "./start-error.ts";
import { askedToStop } from "./stop.ts";

const stop = askedToStop();

try {
  const config = readConfig(process.env);
  await using garage = await openGarage(config);
  console.log(`The garage is open: ${garage.url}
  GraphQL  ${garage.url}/graphql, by HTTP and by WebSocket
  Data     ${config.folder ?? "in memory, until the end; DATA_DIR=.garage npm start keeps it"}
  Ctrl+C   closes it`);
  await stop;
  console.log("Closing");
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}
