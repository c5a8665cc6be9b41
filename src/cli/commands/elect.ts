import type { Command } from 'commander';
import type { FlagValues } from '../../lib/settings.ts';
import type { ElectionLeader } from '../../wire/elections.ts';
import { clientCommand, inLongSession, inSession, type Session, type Tools } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import { switchFlag } from '../flags.ts';
import { shownValue } from '../output.ts';
import { holdWhile } from './hold.ts';
import { addQueueFlags, queueFlags } from './queue-flags.ts';

const HELP = `
With a value it campaigns, and leads until it is interrupted, or while the command behind -- runs:

  abcd elect primary "$(hostname)" -- ./serve.sh

The command finds ABCD_ELECTION_NAME, ABCD_ELECTION_TOKEN, ABCD_ELECTION_KEY and ABCD_ELECTION_LEASE
in its environment. Should leadership be lost, the command gets SIGTERM, after five seconds SIGKILL,
and the exit code is 5. Without a value it prints who leads; 4 is the exit code when nobody does.`;

export function addElectCommand(program: Command, tools: Tools): void {
  const usage = 'elect <name> [value] [command...]';
  addQueueFlags(clientCommand(program, usage, 'lead an election, or see who does'))
    .option('--observe', 'print who leads each time that it changes')
    .addHelpText('after', HELP)
    .action(
      (name: string, value: string | undefined, command: readonly string[], flags: FlagValues) => {
        if (value !== undefined) {
          return inLongSession(tools, flags, (session) =>
            campaign(session, flags, name, value, command),
          );
        }
        return switchFlag(flags, 'observe')
          ? inLongSession(tools, flags, (session) => observe(session, name))
          : inSession(tools, flags, (session) => show(session, name));
      },
    );
}

async function campaign(
  session: Session,
  flags: FlagValues,
  name: string,
  value: string,
  command: readonly string[],
): Promise<number> {
  if (switchFlag(flags, 'observe')) {
    throw new ExitError(EXIT.usage, '--observe only looks: leave the value out');
  }
  const election = session.client.election(name);
  const acquired = election
    .campaign(value, queueFlags(session, flags))
    .then((leadership) => leadership.held);
  return await holdWhile(
    session,
    { name, prefix: 'ABCD_ELECTION', isHeld: 'led' },
    acquired,
    command,
  );
}

async function show(session: Session, name: string): Promise<number> {
  const leader = await session.client.election(name).leader();
  printLeader(session, leader);
  return leader === null ? EXIT.notFound : EXIT.ok;
}

async function observe(session: Session, name: string): Promise<number> {
  const signal = session.cli.stopping;
  for await (const leader of session.client.election(name).observe({ signal })) {
    printLeader(session, leader);
  }
  return EXIT.ok;
}

function printLeader(session: Session, leader: ElectionLeader | null): void {
  session.print(leader, () =>
    leader === null
      ? ['nobody leads']
      : [`${shownValue(leader)}  (token ${leader.fencingToken}, lease ${leader.lease})`],
  );
}
