/** What the shell is told: 1 for what could not be done, 2 for a command line that cannot be meant. */
export type ExitCode = 1 | 2;

/** Why a command ends without success, in words for whoever typed it. */
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
