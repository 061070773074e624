/** The exit code of the process: 1 for a failed or declined action, 2 for an invalid command line. */
export type ExitCode = 1 | 2;

/** A command's failure, with a message for the terminal. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}

export function usageError(message: string, options?: ErrorOptions): CliError {
  return new CliError(message, 2, options);
}
