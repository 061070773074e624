/** npm passes on a Ctrl+C that the terminal has sent to this process already: what comes this soon is the same one. */
const sameMilliseconds = 500;

/** Resolves when somebody asks this process to end. A second Ctrl+C ends it at once, whatever still runs. */
export function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    let asked: number | undefined;
    const ask = (signal: NodeJS.Signals): void => {
      const now = performance.now();
      asked ??= now;
      if (signal === "SIGINT" && now - asked > sameMilliseconds) process.exit(130);
      resolve();
    };
    process.on("SIGINT", ask);
    process.on("SIGTERM", ask);
  });
}
