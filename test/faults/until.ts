import { patience } from "../eventually.ts";

/** Resolves when the condition holds. Rejects, with what it waited for, when that does not come true. */
export async function until(condition: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  const end = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Waited in vain for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
