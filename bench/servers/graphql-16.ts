// Preloaded into the graphql-ws server: on graphql 17 a delivery costs it a third more, so it gets the version it is
// fastest with. Fanfare runs on 17; with shared results it makes no difference there.
import { registerHooks } from "node:module";

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "graphql" ? next("graphql-16", { ...context, parentURL: import.meta.url }) : next(specifier, context),
});
