import type { Held } from '../../client/held.ts';
import type { Clock } from '../../node/clock.ts';
import type { Session } from '../client.ts';
import { EXIT } from '../exit.ts';
import { exitCodeOfChild, type ForegroundChild, startCommand } from '../foreground.ts';
import { firstOf } from '../first-of.ts';
import { pause } from '../http.ts';

/** How long a command that is told to stop has before it is killed. */
const GRACE_MS = 5000;
const LOOK_AGAIN_MS = 50;

/** Something to be held while a person waits or a command runs. */
export interface Holding {
  readonly name: string;
  /** Begins the names of what the command finds in its environment: `ABCD_LOCK`. */
  readonly prefix: string;
  /** What a person is told of it. */
  readonly isHeld: string;
}

/**
 * Waits until it is held; holds it until interrupted, or while a command runs, and gives it up. A
 * command that runs when it is lost is stopped: whatever it does now, another one may do too.
 *
 * @returns the exit code: the command's; `condition` when it was lost meanwhile; `interrupted` when
 *   that came during the wait
 * @throws why it is not held; what made it lost, when there is no command
 */
export async function holdWhile(
  session: Session,
  holding: Holding,
  acquired: Promise<Held>,
  command: readonly string[],
): Promise<number> {
  const held = await acquired.catch((error: unknown) => {
    if (session.cli.stopping.aborted) return null;
    throw error;
  });
  if (held === null) return EXIT.interrupted;
  const { name, prefix, isHeld } = holding;
  const { fencingToken, lease } = held;
  const key = new TextDecoder().decode(held.key);
  if (command.length === 0) {
    const answer = { name, key, lease: lease.id, fencingToken };
    session.print(answer, () => [`${fencingToken}`]);
    if (!session.json) session.cli.note(`${name} is ${isHeld}, with the fencing token above\n`);
  }
  return await holdOn(session, held, command, {
    [`${prefix}_NAME`]: name,
    [`${prefix}_TOKEN`]: `${fencingToken}`,
    [`${prefix}_KEY`]: key,
    [`${prefix}_LEASE`]: lease.id,
  });
}

async function holdOn(
  session: Session,
  held: Held,
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
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
