import type { Command } from 'commander';
import type { FlagValues } from '../../lib/settings.ts';
import type { QueuedClient } from '../../wire/locks.ts';
import { clientCommand, inLongSession, inSession, type Session, type Tools } from '../client.ts';
import { EXIT } from '../exit.ts';
import { switchFlag, textFlag } from '../flags.ts';
import { columns } from '../output.ts';
import { holdWhile } from './hold.ts';
import { addQueueFlags, queueFlags } from './queue-flags.ts';

const HELP = `
Without a command it prints the fencing token and holds the lock until it is interrupted. With one
behind --, it holds the lock while the command runs, and ends with its exit code:

  abcd lock nightly --wait 0s -- ./backup.sh

The command finds ABCD_LOCK_NAME, ABCD_LOCK_TOKEN, ABCD_LOCK_KEY and ABCD_LOCK_LEASE in its
environment. Should the lock be lost, the command gets SIGTERM, after five seconds SIGKILL, and the
exit code is 5; so it is when the lock is not had within --wait. The token grows from holder to
holder: what the lock guards can refuse an older one.`;

export function addLockCommand(program: Command, tools: Tools): void {
  addQueueFlags(clientCommand(program, 'lock <name> [command...]', 'hold a lock'))
    .option('--owner <text>', 'who holds it, for people who look')
    .option('--show', 'only show who holds it and who waits')
    .addHelpText('after', HELP)
    .action((name: string, command: readonly string[], flags: FlagValues) =>
      switchFlag(flags, 'show')
        ? inSession(tools, flags, (session) => show(session, name))
        : inLongSession(tools, flags, (session) => lock(session, flags, name, command)),
    );
}

async function lock(
  session: Session,
  flags: FlagValues,
  name: string,
  command: readonly string[],
): Promise<number> {
  const owner = textFlag(flags, 'owner');
  const options = { ...queueFlags(session, flags), ...(owner === undefined ? {} : { owner }) };
  const acquired = session.client.lock(name, options);
  return await holdWhile(session, { name, prefix: 'ABCD_LOCK', isHeld: 'held' }, acquired, command);
}

async function show(session: Session, name: string): Promise<number> {
  const state = await session.client.readLock(name);
  session.print(state, () => [
    state.holder === null ? 'nobody holds it' : 'held:',
    ...queueRows(state.holder === null ? [] : [state.holder]),
    `waiting: ${state.waiting}`,
    ...queueRows(state.queue),
  ]);
  return EXIT.ok;
}

function queueRows(queue: readonly QueuedClient[]): readonly string[] {
  return columns(
    queue.map(({ fencingToken, lease, owner = '-' }) => [
      `  token ${fencingToken}`,
      `lease ${lease}`,
      `owner ${owner}`,
    ]),
  );
}
