/** What the process says with its exit code. */
export const EXIT = {
  ok: 0,
  /** A flag, a setting or an argument that cannot be used; a client command that was refused. */
  usage: 1,
  /** The data directory says no: damaged, lost, locked, fenced, not empty, or another's. */
  refused: 2,
  /** The disk failed, and what it holds is not certain. */
  disk: 3,
  /** A client command: the key, lease or member is not there. */
  notFound: 4,
  /** A client command: a condition does not hold, or a lock is held by another, or was lost. */
  condition: 5,
  /** A client command: no node could be reached or could serve, or the outcome is not known. */
  unavailable: 6,
  /** Something impossible happened: a defect of this program. */
  defect: 70,
  /** A command that was to be run under `watch`, `lock` or `elect` could not be started. */
  noCommand: 127,
  /** A client command was interrupted before its end. */
  interrupted: 130,
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
