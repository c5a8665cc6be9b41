import { describe, expect, test } from 'bun:test';
import type { ByteString } from '../../src/lib/bytes.ts';
import { sequenceOf } from './support/generator.ts';
import type { Compare, DataOperation, Planned, Txn } from './support/operation.ts';
import { probesOf } from './support/probe.ts';
import { faultsInAbcd, faultsInEtcd } from './support/rules.ts';
import { shrink } from './support/shrink.ts';

type Op = DataOperation<number>;

const bytes = (text: string): ByteString => text as ByteString;
const put = (key: string): Op => ({ type: 'put', key: bytes(key), value: bytes('') });
const get = (key: string): Op => ({ type: 'get', key: bytes(key) });
const del = (key: string, end?: string): Op => ({
  type: 'delete',
  key: bytes(key),
  ...(end === undefined ? {} : { end: bytes(end) }),
});
const from = (key: string): Op => ({ type: 'delete', key: bytes(key), open: true });
const gets = (count: number): Op[] => Array.from({ length: count }, () => get('a'));
const txn = (success: Op[], failure: Op[] = [], compares = 0): Txn<number> => ({
  type: 'txn',
  compare: Array.from({ length: compares }, () => COMPARE),
  success,
  failure,
});
const COMPARE: Compare<number> = { key: bytes('a'), target: 'version', op: '=', value: 0 };

const MANY = ['too-many-operations'];
const TWICE = ['duplicate-key'];
const BAD = ['invalid'];

describe('what is wrong with an operation, by etcd and by abcd', () => {
  test.each<[what: string, operation: Op, etcd: string[], abcd: string[]]>([
    ['nothing', txn([put('a'), get('a'), del('b')], [put('a')]), [], []],
    ['a put without a key', put(''), BAD, BAD],
    ['a range from nothing on', from(''), BAD, []],
    ['a deletion of no key', del(''), BAD, BAD],
    ['deep in a transaction', txn([txn([], [put('')])]), BAD, BAD],
    ['a key put twice', txn([put('a'), put('a')]), TWICE, TWICE],
    ['a key put and deleted', txn([put('b'), del('a', 'c')]), TWICE, TWICE],
    ['the end of a range is not in it', txn([put('c'), del('a', 'c')]), [], []],
    ['a key put and deleted with all from it on', txn([put('b'), from('a')]), [], TWICE],
    ['deleted twice', txn([del('a'), del('a', 'c')]), [], []],
    ['put in both branches of a nested one', txn([txn([put('a')], [put('a')])]), [], []],
    ['put beside a nested put', txn([put('a'), txn([], [put('a')])]), TWICE, TWICE],
    ['put in two nested ones', txn([txn([put('a')]), txn([put('a')])]), TWICE, TWICE],
    ['put, then deleted', txn([txn([put('a')]), txn([del('a')])]), [], TWICE],
    ['deleted, then put', txn([txn([del('a')]), txn([put('a')])]), TWICE, TWICE],
    ['as many as may be', txn(gets(128), gets(128), 128), [], []],
    ['one more', txn([], gets(129)), MANY, MANY],
    ['one more compare', txn([], [], 129), MANY, MANY],
    ['many beside each other', txn([txn(gets(64)), txn(gets(64))]), [], MANY],
    ['many below each other', txn([...gets(64), txn(gets(64))]), MANY, MANY],
    ['many compares above', txn([txn(gets(29))], [], 100), MANY, []],
    ['several things', txn([put(''), put('a'), put('a')]), [...BAD, ...TWICE], [...BAD, ...TWICE]],
  ])('%s', (_what, operation, etcd, abcd) => {
    expect([...faultsInEtcd(operation)] as string[]).toEqual(etcd);
    expect([...faultsInAbcd(operation)] as string[]).toEqual(abcd);
    // A probe of it has the same ones: it is only never carried out.
    const probed = (faults: typeof faultsInEtcd): Set<string> =>
      new Set(probesOf(operation).flatMap((probe) => [...faults(probe)]));
    expect(probed(faultsInEtcd)).toEqual(new Set(etcd));
    expect(probed(faultsInAbcd)).toEqual(new Set(abcd));
  });
});

describe('sequences', () => {
  test('come again with their seed, and only with it', () => {
    expect(sequenceOf(7, 100)).toEqual(sequenceOf(7, 100));
    expect(sequenceOf(7, 100)).not.toEqual(sequenceOf(8, 100));
  });

  test('have all there is', () => {
    const text = JSON.stringify(Array.from({ length: 40 }, (_, seed) => sequenceOf(seed, 250)));
    const names = new Set(text.match(/"[a-zA-Z-]+"(?=:)/g));
    for (const name of ['minCreateRevision', 'ignoreLease', 'only', 'open', 'end', 'countOnly']) {
      expect(names).toContain(`"${name}"`);
    }
    for (const kind of ['lease-revoke', 'lease-keepalive', 'lease-list', 'watch', 'compact']) {
      expect(text).toContain(`"type":"${kind}"`);
    }
    for (const target of ['value', 'version', 'create', 'mod', 'lease']) {
      for (const op of ['=', '!=', '<', '>']) expect(text).toContain(comparing(op, target));
    }
    for (const key of ['__proto__', '10', '\xf0\x9f\x98\x80', '\xed\xa0\x80', '\0', '\xff', '']) {
      expect(text).toContain(`"key":${JSON.stringify(key)}`);
    }
  });
});

function comparing(op: string, target: string): string {
  return `"op":"${op}","target":"${target}"`;
}

test('a sequence is made as short as it can be', async () => {
  const sequence: Planned[] = Array.from({ length: 100 }, (_, i) => put(`${i}`) as Planned);
  const has = (list: readonly Planned[], i: number): boolean =>
    list.includes(sequence[i] as Planned);
  const fails = (list: readonly Planned[]) => Promise.resolve(has(list, 20) && has(list, 77));
  const left = await shrink(sequence, fails, 5000);
  expect(left).toEqual([sequence[20], sequence[77]] as Planned[]);
  expect(await shrink(sequence, fails, 0)).toEqual(sequence);
});
