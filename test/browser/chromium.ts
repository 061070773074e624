import { execFileSync } from "node:child_process";
import { chromium, type Browser } from "playwright-core";

/** The system's own Chromium (scripts/install-servers.sh brings it), with a profile that is thrown away. */
export function launchChromium(): Promise<Browser> {
  const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu", ...quiet] });
}
