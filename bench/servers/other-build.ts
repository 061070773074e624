// Preloaded into a server that is compared: takes Fanfare, and what it stands on, from the folder of another build. The
// server's own code stays the same.
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

const folder = process.env["FANFARE_BEFORE"];
if (folder === undefined) throw new Error("FANFARE_BEFORE names the folder of the other build.");
const elsewhere = pathToFileURL(`${folder}/bench/servers/fanfare.ts`).href;
const here = new URL(".", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const isBare = !/^[./]|^\w+:/.test(specifier);
    const isOurs = context.parentURL?.startsWith(new URL("..", here).href) ?? false;
    return next(specifier, isBare && isOurs ? { ...context, parentURL: elsewhere } : context);
  },
});
