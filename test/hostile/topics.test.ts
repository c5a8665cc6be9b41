/** The list of topics is whole: what it says is in a table, or in a test, is there. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import type { ClusterId, MemberId } from '../../src/lib/ids.ts';
import { ADMIN_ROWS } from './rows-admin.ts';
import { MALFORMED_ROWS } from './rows-malformed.ts';
import { type Mark, strangersRows } from './rows-peers.ts';
import { SIZE_ROWS } from './rows-sizes.ts';
import type { Row } from './support/row.ts';
import { type Pointer, TOPICS } from './topics.ts';

const MARK: Mark = {
  port: 0,
  clusterId: '77' as ClusterId,
  to: '1' as MemberId,
  from: '5' as MemberId,
  term: 1,
};
/** Rows of these are made from what a node has answered. */
const MADE_LATER = ['replays', 'term-inflation', 'snapshots-of-nobody', 'poison-entries'];

const rows: readonly Row[] = [
  ...SIZE_ROWS,
  ...MALFORMED_ROWS,
  ...ADMIN_ROWS,
  ...strangersRows(MARK),
];

test('every topic has its rows', async () => {
  const made = await Bun.file(join(import.meta.dir, 'rows-peers.ts')).text();
  for (const [topic, where] of Object.entries(TOPICS)) {
    if (!('rows' in where)) continue;
    const isThere = MADE_LATER.includes(topic)
      ? made.includes(`'${topic}'`)
      : rows.some((row) => row.topic === topic);
    expect([topic, isThere]).toEqual([topic, true]);
  }
});

test('no two rows have one name', () => {
  const names = rows.map(({ topic, what }) => `${topic}: ${what}`);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test('every test that a topic points to is there', async () => {
  for (const [topic, where] of Object.entries(TOPICS)) {
    const tests: readonly Pointer[] = 'tests' in where ? where.tests : [];
    for (const [file, name] of tests) {
      const text = await Bun.file(join(import.meta.dir, '..', file)).text();
      const isThere = text.includes(`'${name}', `) && text.includes("from 'bun:test'");
      expect([topic, file, name, isThere]).toEqual([topic, file, name, true]);
    }
  }
});

test('what is absent has its reason', () => {
  for (const where of Object.values(TOPICS)) {
    if ('absent' in where) expect(where.absent.length).toBeGreaterThan(20);
  }
});
