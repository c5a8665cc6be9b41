import type { Command } from 'commander';
import type { ListOptions } from '../../client/ranges.ts';
import type { Range } from '../../client/range.ts';
import { valueBytes } from '../../client/client.ts';
import type { FlagValues } from '../../lib/settings.ts';
import { clientCommand, inSession, type Session, type Tools } from '../client.ts';
import { EXIT, ExitError } from '../exit.ts';
import { choiceFlag, exclusive, integerFlag, switchFlag } from '../flags.ts';
import { columns, shownKey, shownValue } from '../output.ts';
import { addRangeFlags, targetOf } from './key-target.ts';

const SORTS = ['key', 'version', 'create', 'mod', 'value'] as const;
const ORDERS = ['asc', 'desc'] as const;
/** The most pairs on one page. */
const PAGE_MAX = 10_000;

export function addGetCommand(program: Command, tools: Tools): void {
  const command = clientCommand(
    program,
    'get <key> [end]',
    'print the value of a key, or of several',
  );
  addRangeFlags(command)
    .option('--revision <n>', 'as of this revision')
    .option('--serializable', "from one node's own state, which may be old")
    .option('--keys-only', 'leave the values out')
    .option('--count', 'print only how many keys there are')
    .option('--limit <n>', 'print at most so many')
    .option('--order <order>', 'asc or desc')
    .option('--sort <by>', 'key, version, create, mod or value')
    .option('--history', 'print the versions of the key that are kept, newest first')
    .option('--raw', 'print the value without a newline behind it')
    .action((key: string, end: string | undefined, flags: FlagValues) =>
      inSession(tools, flags, (session) => get(session, flags, key, end)),
    );
}

/** `get`: prints a value byte for byte and a newline behind it, or pairs in columns. */
async function get(
  session: Session,
  flags: FlagValues,
  key: string,
  end: string | undefined,
): Promise<number> {
  for (const other of ['prefix', 'fromKey', 'count', 'keysOnly', 'revision']) {
    exclusive(flags, 'history', other);
  }
  const target = targetOf(flags, key, end);
  if (switchFlag(flags, 'history')) return await history(session, flags, key);
  const read = readFlags(flags);
  if (!('key' in target)) return await range(session, flags, target, read);
  for (const name of ['count', 'keysOnly', 'limit', 'order', 'sort']) {
    if (flags[name] === undefined) continue;
    const advice = 'it needs a range: --prefix, --from-key, or an end';
    throw new ExitError(EXIT.usage, `--${name === 'keysOnly' ? 'keys-only' : name}: ${advice}`);
  }
  const pair = await session.client.get(key, read);
  if (pair === null) throw new ExitError(EXIT.notFound, `key-not-found: there is no key ${key}`);
  if (session.json) session.line(JSON.stringify(pair));
  else {
    session.cli.out(valueBytes(pair));
    if (!switchFlag(flags, 'raw')) session.cli.out('\n');
  }
  return EXIT.ok;
}

function readFlags(flags: FlagValues): ListOptions {
  const revision = integerFlag(flags, 'revision', 0);
  return {
    serializable: switchFlag(flags, 'serializable'),
    ...(revision === undefined ? {} : { revision }),
  };
}

/** Pairs as they come: aligned page by page, or as lines of JSON. */
async function range(
  session: Session,
  flags: FlagValues,
  target: Range,
  read: ListOptions,
): Promise<number> {
  const { client } = session;
  if (switchFlag(flags, 'count')) {
    const count = await client.count(target, read);
    session.print({ count }, () => [`${count}`]);
    return EXIT.ok;
  }
  const order = choiceFlag(flags, 'order', ORDERS);
  const sort = choiceFlag(flags, 'sort', SORTS);
  const ordered = { ...(order === undefined ? {} : { order }), ...(sort && { sort }) };
  let left = integerFlag(flags, 'limit', 1) ?? Number.POSITIVE_INFINITY;
  const keysOnly = switchFlag(flags, 'keysOnly');
  for (let cursor: string | null = ''; cursor !== null && left > 0; ) {
    const limit = Math.min(left, keysOnly ? PAGE_MAX : 1000);
    const page: ListOptions = { ...read, ...ordered, limit, ...(cursor === '' ? {} : { cursor }) };
    cursor = keysOnly
      ? await keyPage(session, target, page)
      : await pairPage(session, target, page);
    left -= limit;
  }
  return EXIT.ok;
}

async function keyPage(session: Session, target: Range, page: ListOptions): Promise<string | null> {
  const { kvs, next } = await session.client.listKeys(target, page);
  for (const key of kvs) session.print(key, () => [shownKey(key)]);
  return next;
}

async function pairPage(
  session: Session,
  target: Range,
  page: ListOptions,
): Promise<string | null> {
  const { kvs, next } = await session.client.list(target, page);
  if (session.json) for (const pair of kvs) session.line(JSON.stringify(pair));
  else for (const row of columns(kvs.map((p) => [shownKey(p), shownValue(p)]))) session.line(row);
  return next;
}

async function history(session: Session, flags: FlagValues, key: string): Promise<number> {
  const limit = integerFlag(flags, 'limit', 1, 1000);
  const answer = await session.client.history(key, limit === undefined ? {} : { limit });
  session.print(answer, () =>
    columns([
      ['revision', 'version', 'value'],
      ...answer.versions.map((version) => [
        `${version.modRevision}`,
        `${version.version}`,
        version.deleted === true ? '(deleted)' : shownValue(version),
      ]),
    ]),
  );
  return answer.versions.length === 0 ? EXIT.notFound : EXIT.ok;
}
