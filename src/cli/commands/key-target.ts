import type { Command } from 'commander';
import type { KeyOrRange } from '../../client/range.ts';
import type { FlagValues } from '../../lib/settings.ts';
import { EXIT, ExitError } from '../exit.ts';
import { exclusive, switchFlag } from '../flags.ts';

/** Adds the flags that make a range of a key. */
export function addRangeFlags(command: Command): Command {
  return command
    .option('--prefix', 'every key that begins with it')
    .option('--from-key', 'the key and every one after it');
}

/** What a command is about: a key, or those from it up to `end`, or what its flags say. */
export function targetOf(flags: FlagValues, key: string, end?: string): KeyOrRange {
  exclusive(flags, 'prefix', 'fromKey');
  if (end !== undefined) {
    if (!switchFlag(flags, 'prefix') && !switchFlag(flags, 'fromKey')) return { start: key, end };
    throw new ExitError(
      EXIT.usage,
      'an end of the range, --prefix and --from-key exclude each other',
    );
  }
  if (switchFlag(flags, 'prefix')) return { prefix: key };
  return switchFlag(flags, 'fromKey') ? { start: key } : { key };
}
