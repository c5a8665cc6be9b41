import type { Command } from 'commander';
import type { FlagValues } from '../../lib/settings.ts';
import { clientCommand, inSession, type Session, type Tools } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import { integerFlag, switchFlag } from '../flags.ts';
import { shownValue } from '../output.ts';
import { addRangeFlags, targetOf } from './key-target.ts';

export function addDelCommand(program: Command, tools: Tools): void {
  addRangeFlags(clientCommand(program, 'del <key> [end]', 'delete a key, or several'))
    .option('--if-revision <n>', "only if this is the key's modRevision")
    .option('--prev', 'print the value that was there before')
    .action((key: string, end: string | undefined, flags: FlagValues) =>
      inSession(tools, flags, (session) => del(session, flags, key, end)),
    );
}

/** `del`: prints how many keys that deleted. */
async function del(
  session: Session,
  flags: FlagValues,
  key: string,
  end: string | undefined,
): Promise<number> {
  const target = targetOf(flags, key, end);
  const ifRevision = integerFlag(flags, 'ifRevision', 1);
  const prev = switchFlag(flags, 'prev');
  if (!('key' in target) && (ifRevision !== undefined || prev)) {
    throw new ExitError(EXIT.usage, '--if-revision and --prev are for one key, not for a range');
  }
  const condition = ifRevision === undefined ? {} : { ifRevision };
  const answer =
    'key' in target
      ? await session.client.delete(key, { prev, ...condition })
      : await session.client.deleteRange(target);
  session.print(answer, () => {
    const before = answer.prev === undefined || answer.prev === null ? null : answer.prev;
    const shown = before === null ? [] : [`before ${shownValue(before)}`];
    return [`deleted ${answer.deleted}`, ...shown];
  });
  return EXIT.ok;
}
