import type { Command } from 'commander';
import type { PutOptions } from '../../client/keys.ts';
import type { FlagValues } from '../../lib/settings.ts';
import { clientCommand, inSession, type Session, type Tools } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import { durationFlag, exclusive, integerFlag, switchFlag, textFlag } from '../flags.ts';
import { shownValue } from '../output.ts';

export function addPutCommand(program: Command, tools: Tools): void {
  clientCommand(program, 'put <key> <value>', 'give a key a value; - reads it from standard input')
    .option('--lease <id>', 'the lease with which the key goes')
    .option('--ttl <duration>', 'a lease of its own; rounded up to whole seconds')
    .option('--if-revision <n>', "only if this is the key's modRevision")
    .option('--if-absent', 'only if the key is not there')
    .option('--prev', 'print the value that was there before')
    .action((key: string, value: string, flags: FlagValues) =>
      inSession(tools, flags, (session) => put(session, flags, key, value)),
    );
}

/** `put`: prints the revision of the write. */
async function put(
  session: Session,
  flags: FlagValues,
  key: string,
  value: string,
): Promise<number> {
  const options = optionsOf(flags);
  const bytes = value === '-' ? await session.cli.readInput() : value;
  const answer = await session.client.put(key, bytes, options);
  session.print(answer, () => {
    const { revision, prev } = answer;
    const before = prev === undefined ? [] : [`before ${prev === null ? '-' : shownValue(prev)}`];
    return [`revision ${revision}`, ...before];
  });
  return EXIT.ok;
}

function optionsOf(flags: FlagValues): PutOptions {
  exclusive(flags, 'lease', 'ttl');
  exclusive(flags, 'ifRevision', 'ifAbsent');
  const ifRevision = integerFlag(flags, 'ifRevision', 0);
  const lease = textFlag(flags, 'lease');
  const ttlMs = durationFlag(flags, 'ttl');
  if (ttlMs !== undefined && ttlMs < 1000) {
    throw new ExitError(EXIT.usage, `--ttl ${String(flags['ttl'])} is less than a second`);
  }
  return {
    ifAbsent: switchFlag(flags, 'ifAbsent'),
    prev: switchFlag(flags, 'prev'),
    ...(ifRevision === undefined ? {} : { ifRevision }),
    ...(lease === undefined ? {} : { lease }),
    ...(ttlMs === undefined ? {} : { ttl: Math.ceil(ttlMs / 1000) }),
  };
}
