/** Commands that run on this terminal: what `watch`, `lock` and `elect` run behind `--`. */

import type { Exit, Signal } from './cluster/process.ts';
import { EXIT, ExitError } from './exit.ts';
import { ProcessTree } from './process-tree.ts';

export interface ForegroundChild {
  readonly exited: Promise<Exit>;
  /** Sends a signal to it and to all that it has started. */
  kill(signal: Signal): void;
  /** Whether all of that has ended, as far as it is known. */
  isGone(): boolean;
}

/**
 * Starts a command that shares the output of this one. Its standard input is the bytes given, or
 * this command's own. @throws when there is no such command
 */
export type RunHere = (
  command: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  input: Uint8Array | null,
) => ForegroundChild;

/** Starts real processes; in the same process group, so that Ctrl-C reaches them too. */
export const runHere: RunHere = (command, environment, input) => {
  const child = Bun.spawn([...command], {
    env: { ...environment },
    stdin: input ?? 'inherit',
    stdout: 'inherit',
    stderr: 'inherit',
  });
  const exited = child.exited.then(() => ({
    code: child.exitCode,
    signal: child.signalCode === null ? null : String(child.signalCode),
  }));
  const tree = new ProcessTree(child.pid);
  void exited.then(() => {
    // What it has started is looked for while it can still be told whose it is.
    tree.ended(child.pid);
  });
  return { exited, kill: (signal) => tree.kill(signal), isGone: () => tree.isGone };
};

/** @throws ExitError when the command cannot be started */
export function startCommand(
  run: RunHere,
  command: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  input: Uint8Array | null,
): ForegroundChild {
  try {
    return run(command, environment, input);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExitError(EXIT.noCommand, `${command[0] ?? ''} cannot be started: ${why}`);
  }
}

const SIGNAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGQUIT', 3],
  ['SIGABRT', 6],
  ['SIGKILL', 9],
  ['SIGSEGV', 11],
  ['SIGPIPE', 13],
  ['SIGTERM', 15],
]);

/** The exit code of a command, as shells write it: 128 and the number of a signal that ended it. */
export function exitCodeOfChild({ code, signal }: Exit): number {
  if (code !== null) return code;
  return 128 + (SIGNAL_NUMBERS.get(signal ?? '') ?? 0);
}
