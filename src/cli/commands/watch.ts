import type { Command } from 'commander';
import { keyBytes, valueBytes } from '../../client/client.ts';
import type { KeyOrRange } from '../../client/range.ts';
import type { WatchOptions } from '../../client/watch.ts';
import type { FlagValues } from '../../lib/settings.ts';
import type { WatchEvent } from '../../wire/watch.ts';
import { clientCommand, inLongSession, type Session, type Tools } from '../client.ts';
import { EXIT } from '../exit.ts';
import { choiceFlag, integerFlag, switchFlag } from '../flags.ts';
import { exitCodeOfChild, startCommand } from '../foreground.ts';
import { shownKey, shownValue } from '../output.ts';
import { addRangeFlags, targetOf } from './key-target.ts';

const HELP = `
With a command behind --, it is run for every change, one at a time and in their order:

  abcd watch config/ --prefix -- ./reload.sh

It finds ABCD_EVENT (put or delete), ABCD_KEY, ABCD_REVISION and ABCD_VALUE in its environment, and
the bytes of the value on its standard input. A key or value that an environment cannot carry is
there in base64, and ABCD_KEY_ENCODING or ABCD_VALUE_ENCODING say "base64"; a value of more than
64 KiB is on standard input only. A command that fails ends the watch with its exit code, unless
--keep-going is given. Interrupted, a watch ends with 0.`;

export function addWatchCommand(program: Command, tools: Tools): void {
  const usage = 'watch <key> [command...]';
  addRangeFlags(clientCommand(program, usage, 'print changes as they happen'))
    .option('--end <key>', 'every key from the first up to, not including, this one')
    .option('--revision <n>', 'from this revision on')
    .option('--prev', 'show what was there before, too')
    .option('--filter <type>', 'only put, or only delete')
    .option('--keep-going', 'go on when the command fails')
    .addHelpText('after', HELP)
    .action((key: string, command: readonly string[], flags: FlagValues) =>
      inLongSession(tools, flags, (session) => watch(session, flags, key, command)),
    );
}

async function watch(
  session: Session,
  flags: FlagValues,
  key: string,
  command: readonly string[],
): Promise<number> {
  const end = flags['end'];
  const target = targetOf(flags, key, typeof end === 'string' ? end : undefined);
  const changes = session.client.watch(target, watchOptions(session, flags));
  const first = await changes.opened.catch((error: unknown) => {
    if (session.cli.stopping.aborted) return 0;
    throw error;
  });
  if (!session.json && !session.cli.stopping.aborted) {
    session.cli.note(`watching ${describe(target)} from revision ${first} on\n`);
  }
  for await (const item of changes) {
    if (item.type !== 'change') continue;
    if (command.length === 0) printChange(session, item.revision, item.events);
    for (const event of command.length === 0 ? [] : item.events) {
      const exitCode = await runFor(session, command, item.revision, event);
      if (session.cli.stopping.aborted) return EXIT.ok;
      if (exitCode === EXIT.ok) continue;
      session.cli.note(`the command ended with ${exitCode} at revision ${item.revision}\n`);
      if (switchFlag(flags, 'keepGoing')) continue;
      session.cli.note(`to go on from there: --revision ${item.revision}\n`);
      return exitCode;
    }
  }
  return EXIT.ok;
}

function watchOptions({ cli }: Session, flags: FlagValues): WatchOptions {
  const from = integerFlag(flags, 'revision', 0);
  const filter = choiceFlag(flags, 'filter', ['put', 'delete'] as const);
  return {
    signal: cli.stopping,
    // A script would not know what to do with a hole in what it is told.
    onCompacted: 'fail',
    prev: switchFlag(flags, 'prev'),
    ...(from === undefined ? {} : { from }),
    ...(filter === undefined ? {} : { filter }),
  };
}

function describe(target: KeyOrRange): string {
  if ('key' in target) return String(target.key);
  if ('prefix' in target) return `${String(target.prefix)}…`;
  return `${String(target.start)} to ${target.end === undefined ? 'the end' : String(target.end)}`;
}

/** A revision as one line of JSON, or a line for each of its events. */
function printChange(session: Session, revision: number, events: readonly WatchEvent[]): void {
  session.print({ revision, events }, () =>
    events.map((event) => {
      const before = event.prev === undefined || event.prev === null ? null : event.prev;
      const was = before === null ? '' : `  (before: ${shownValue(before)})`;
      const value = event.type === 'put' ? `  ${shownValue(event)}` : '';
      return `${revision}  ${event.type.padEnd(6)}  ${shownKey(event)}${value}${was}`;
    }),
  );
}

/** Linux takes no single variable of more than 128 KiB. */
const LONGEST_VARIABLE = 64 * 1024;

async function runFor(
  { cli }: Session,
  command: readonly string[],
  revision: number,
  event: WatchEvent,
): Promise<number> {
  const value = event.type === 'put' ? valueBytes(event) : new Uint8Array(0);
  const environment = {
    ...cli.environment,
    ABCD_EVENT: event.type,
    ABCD_REVISION: `${revision}`,
    ...variable('ABCD_KEY', event.key, event.keyEncoding, keyBytes(event)),
    ...(event.type === 'put' && value.length <= LONGEST_VARIABLE
      ? variable('ABCD_VALUE', event.value, event.encoding, value)
      : {}),
  };
  const child = startCommand(cli.runHere, command, environment, value);
  return exitCodeOfChild(await child.exited);
}

/** No variable can hold a zero byte, so such a text goes as base64. */
function variable(
  name: string,
  text: string,
  encoding: 'base64' | undefined,
  bytes: Uint8Array,
): Readonly<Record<string, string>> {
  if (encoding === undefined && !text.includes('\0')) return { [name]: text };
  return { [name]: bytes.toBase64(), [`${name}_ENCODING`]: 'base64' };
}
