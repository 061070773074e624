import { defineConfig } from "vitest/config";

// Types are tested by `npm run check:types`: tsc reads `test/types/*.test-d.ts` together with everything else.
export default defineConfig({
  resolve: { conditions: ["fanfare-source"] },
  ssr: { resolve: { conditions: ["fanfare-source"] } },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
