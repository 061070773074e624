import { defineConfig } from "vitest/config";

// As Node itself resolves: with another choice, tests and the libraries they import would each load a graphql of their
// own, and graphql refuses the schemas of another copy of itself.
const conditions = ["fanfare-source", "module-sync"];

// Types are tested by `npm run check:types`: tsc reads `test/types/*.test-d.ts` together with everything else.
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    // Most of the time goes into waiting for processes and databases: one core need not be left over.
    maxWorkers: "100%",
    // What a machine needs that is busy with other things, so that a test fails by what it finds and not by the time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
