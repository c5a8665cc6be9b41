/** What the process says with its exit code. */
export const EXIT = {
  ok: 0,
  /** A flag, a setting or an argument that cannot be used; a client command that failed. */
  usage: 1,
  /** The data directory says no: damaged, lost, locked, another's, or fenced. */
  refused: 2,
  /** The disk failed, and what it holds is not certain. */
  disk: 3,
  /** Something impossible happened: a defect of this program. */
  defect: 70,
} as const;

/** Ends a command with a message for people and an exit code. */
export class ExitError extends Error {
  override readonly name = 'ExitError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
