import type { Held } from '../../client/held.ts';
import type { Clock } from '../../node/clock.ts';
import type { Session } from '../client.ts';
import { EXIT } from '../exit.ts';
import { exitCodeOfChild, type ForegroundChild, startCommand } from '../foreground.ts';
import { pause } from '../http.ts';
import { firstOf } from './lease.ts';

/** How long a command that is told to stop has before it is killed. */
const GRACE_MS = 5000;
const LOOK_AGAIN_MS = 50;

/** Something that is held while a person waits or a command runs. */
export interface Holding {
  readonly held: Held;
  /** What the command finds in its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Holds until interrupted, or while a command runs, and gives it up. A command that runs when it
 * is lost is stopped: whatever it does now, another one may do too.
 *
 * @returns the exit code: the command's; `condition` when it was lost meanwhile
 * @throws what made it lost, when there is no command
 */
export async function holdWhile(
  session: Session,
  { held, environment }: Holding,
  command: readonly string[],
): Promise<number> {
  const { cli } = session;
  try {
    if (command.length === 0) {
      await firstOf(held.signal, cli.stopping);
      if (!cli.stopping.aborted) throw held.signal.reason;
      return EXIT.ok;
    }
    const variables = { ...cli.environment, ...environment };
    const child = startCommand(cli.runHere, command, variables, null);
    return await superviseCommand(session, held.signal, child);
  } finally {
    await held[Symbol.asyncDispose]();
  }
}

/** Waits for the command; stops it when it must not, or need not, run any longer. */
async function superviseCommand(
  { cli }: Session,
  lost: AbortSignal,
  child: ForegroundChild,
): Promise<number> {
  const ended = new AbortController();
  const exited = child.exited.finally(() => ended.abort());
  await firstOf(ended.signal, lost, cli.stopping);
  if (cli.stopping.aborted && !ended.signal.aborted) {
    // It is asked to stop, and may take as long as what it holds is held.
    child.kill('SIGTERM');
    await firstOf(ended.signal, lost);
  }
  if (ended.signal.aborted) return exitCodeOfChild(await exited);
  cli.note(`error: ${reasonOf(lost)}; the command is stopped\n`);
  await stop(cli.clock, child);
  await exited;
  return EXIT.condition;
}

/** What a script has started is stopped with it, or what it holds would be used without right. */
async function stop(clock: Clock, child: ForegroundChild): Promise<void> {
  const deadline = clock.now() + GRACE_MS;
  child.kill('SIGTERM');
  while (!child.isGone()) {
    if (clock.now() >= deadline) return child.kill('SIGKILL');
    await pause(clock, LOOK_AGAIN_MS);
  }
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason);
}
