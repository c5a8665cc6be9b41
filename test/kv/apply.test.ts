import { describe, expect, test } from 'bun:test';
import { applyCommand } from '../../src/kv/apply.ts';
import type { AppliedResult, KvCommand } from '../../src/kv/command.ts';
import type { KvEvent } from '../../src/kv/event.ts';
import { hexOfHash } from '../../src/kv/hash.ts';
import { Store } from '../../src/kv/store.ts';
import { EMPTY_BYTES } from '../../src/lib/bytes.ts';
import { ABSENT, b, changedAt, del, put } from './support/commands.ts';

/** a at 2, b at 3, c at 4, and a again at 5. */
function filled(): Store {
  const store = Store.at(1);
  for (const [key, value] of [
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
    ['a', '4'],
  ] as const) {
    applyCommand(store, put(key, value));
  }
  return store;
}

const A = { key: b('a'), value: b('4'), createRevision: 2, modRevision: 5, version: 2 };
const B = { key: b('b'), value: b('2'), createRevision: 3, modRevision: 3, version: 1 };
const C = { key: b('c'), value: b('3'), createRevision: 4, modRevision: 4, version: 1 };

function everything(store: Store): readonly object[] {
  return store.range(EMPTY_BYTES, null, 99);
}

test('the filled store', () => {
  expect(filled().revision).toBe(5);
  expect(everything(filled())).toEqual([A, B, C]);
});

describe('a command that changes something raises the revision by one', () => {
  test.each<[string, KvCommand, AppliedResult, readonly object[]]>([
    [
      'a put creates',
      put('ab', 'new'),
      { type: 'put', revision: 6, created: true, prev: null },
      [A, { key: b('ab'), value: b('new'), createRevision: 6, modRevision: 6, version: 1 }, B, C],
    ],
    [
      'a put overwrites, and the same value counts',
      put('a', '4'),
      { type: 'put', revision: 6, created: false, prev: null },
      [{ ...A, modRevision: 6, version: 3 }, B, C],
    ],
    [
      'a put returns the pair before',
      put('b', '', { prev: true }),
      { type: 'put', revision: 6, created: false, prev: B },
      [A, { ...B, value: EMPTY_BYTES, modRevision: 6, version: 2 }, C],
    ],
    [
      'a put that creates has none before',
      put('d', '', { prev: true, condition: ABSENT }),
      { type: 'put', revision: 6, created: true, prev: null },
      [A, B, C, { key: b('d'), value: b(''), createRevision: 6, modRevision: 6, version: 1 }],
    ],
    [
      'compare and swap',
      put('a', '5', { condition: changedAt(5) }),
      { type: 'put', revision: 6, created: false, prev: null },
      [{ ...A, value: b('5'), modRevision: 6, version: 3 }, B, C],
    ],
    [
      'a compare with 0 asks for absence',
      put('', '0', { condition: changedAt(0) }),
      { type: 'put', revision: 6, created: true, prev: null },
      [{ key: b(''), value: b('0'), createRevision: 6, modRevision: 6, version: 1 }, A, B, C],
    ],
    [
      'a delete',
      del('b', { prev: true, condition: changedAt(3) }),
      { type: 'delete', revision: 6, deleted: 1, prev: [B] },
      [A, C],
    ],
    [
      'a delete of a range is one revision',
      del('a', { end: b('c'), prev: true }),
      { type: 'delete', revision: 6, deleted: 2, prev: [A, B] },
      [C],
    ],
    [
      'a delete of everything from a key on',
      del('b', { open: true }),
      { type: 'delete', revision: 6, deleted: 2, prev: [] },
      [A],
    ],
    [
      'an end wins over open',
      del('b', { end: b('c'), open: true }),
      { type: 'delete', revision: 6, deleted: 1, prev: [] },
      [A, C],
    ],
    [
      'the condition of a range holds of its first key',
      del('a', { open: true, condition: changedAt(5) }),
      { type: 'delete', revision: 6, deleted: 3, prev: [] },
      [],
    ],
  ])('%s', (_name, command, result, pairs) => {
    const store = filled();
    expect(applyCommand(store, command)).toEqual(result);
    expect(everything(store)).toEqual(pairs);
    expect(store.revision).toBe(6);
  });
});

describe('a command that changes nothing leaves revision and hash', () => {
  test.each<[string, KvCommand, AppliedResult]>([
    ['nothing to delete', del('x'), { type: 'delete', revision: 5, deleted: 0, prev: [] }],
    [
      'nothing in the range',
      del('d', { end: b('z'), prev: true }),
      { type: 'delete', revision: 5, deleted: 0, prev: [] },
    ],
    [
      'an upside-down range',
      del('c', { end: b('a') }),
      { type: 'delete', revision: 5, deleted: 0, prev: [] },
    ],
    [
      'nothing from a key on',
      del('d', { open: true }),
      { type: 'delete', revision: 5, deleted: 0, prev: [] },
    ],
    [
      'absent does not hold',
      put('a', 'x', { condition: ABSENT }),
      { type: 'condition-failed', revision: 5, modRevision: 5 },
    ],
    [
      'changed since',
      put('a', 'x', { condition: changedAt(2), prev: true }),
      { type: 'condition-failed', revision: 5, modRevision: 5 },
    ],
    [
      'compare with what is not there',
      put('x', 'x', { condition: changedAt(5) }),
      { type: 'condition-failed', revision: 5, modRevision: 0 },
    ],
    [
      'a delete under a condition',
      del('b', { condition: changedAt(4) }),
      { type: 'condition-failed', revision: 5, modRevision: 3 },
    ],
    [
      'a range under a condition',
      del('b', { open: true, condition: ABSENT }),
      { type: 'condition-failed', revision: 5, modRevision: 3 },
    ],
  ])('%s', (_name, command, result) => {
    const store = filled();
    expect(applyCommand(store, command)).toEqual(result);
    expect(everything(store)).toEqual([A, B, C]);
    expect(store.revision).toBe(5);
    expect(store.hash()).toEqual(filled().hash());
  });
});

test('a key that was deleted begins anew', () => {
  const store = filled();
  applyCommand(store, del('a'));
  applyCommand(store, put('a', 'again'));
  expect(store.get(b('a'))).toEqual({
    ...A,
    value: b('again'),
    createRevision: 7,
    modRevision: 7,
    version: 1,
  });
});

test('events: one for each changed key, in key order; none for what changed nothing', () => {
  const store = filled();
  const events: KvEvent[] = [];
  const hear = (event: KvEvent): number => events.push(event);
  for (const command of [
    put('d', '1'),
    del('a', { end: b('c') }),
    del('x'),
    put('d', '', { condition: ABSENT }),
  ]) {
    applyCommand(store, command, hear);
  }
  expect(events).toEqual([
    { type: 'put', key: b('d'), revision: 6 },
    { type: 'delete', key: b('a'), revision: 7 },
    { type: 'delete', key: b('b'), revision: 7 },
  ]);
});

test('a clone stays as it was', () => {
  const store = filled();
  const clone = store.clone();
  const hash = hexOfHash(store.hash());
  applyCommand(store, del('', { open: true }));
  applyCommand(store, put('z', '1'));
  expect(everything(clone)).toEqual([A, B, C]);
  expect([clone.revision, clone.size, hexOfHash(clone.hash())]).toEqual([5, 3, hash]);
  expect(hexOfHash(store.hash())).not.toBe(hash);
});

test('the hash sees every field of a pair, and the revision', () => {
  const hashes = [
    [A],
    [{ ...A, key: b('b') }],
    [{ ...A, value: b('5') }],
    [{ ...A, createRevision: 3 }],
    [{ ...A, modRevision: 4 }],
    [{ ...A, version: 1 }],
    [A, B],
    [],
  ].flatMap((pairs) => {
    const [five, six] = [Store.at(5), Store.at(6)];
    for (const pair of pairs) {
      five.load(pair);
      six.load(pair);
    }
    return [hexOfHash(five.hash()), hexOfHash(six.hash())];
  });
  expect(new Set(hashes).size).toBe(16);
});
