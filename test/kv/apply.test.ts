import { describe, expect, test } from 'bun:test';
import type { AppliedResult, KvCommand } from '../../src/kv/command.ts';
import { EMPTY_BYTES } from '../../src/lib/bytes.ts';
import {
  ABSENT,
  b,
  changedAt,
  del,
  grant,
  id,
  pair,
  put,
  revoke,
  stone,
} from './support/commands.ts';
import { Rig } from './support/rig.ts';

/** a at 2, b at 3, c at 4, and a again at 5. */
function filled(): Rig {
  const rig = new Rig();
  rig.apply(put('a', '1'), put('b', '2'), put('c', '3'), put('a', '4'));
  return rig;
}

const A = pair('a', '4', [2, 5, 2]);
const B = pair('b', '2', [3, 3, 1]);
const C = pair('c', '3', [4, 4, 1]);

function everything({ view }: Rig): readonly object[] {
  return view.range(EMPTY_BYTES, null, 99);
}

test('the filled store', () => {
  expect(filled().view.revision).toBe(5);
  expect(everything(filled())).toEqual([A, B, C]);
});

describe('a command that changes something raises the revision by one', () => {
  test.each<[string, KvCommand, AppliedResult, readonly object[]]>([
    [
      'a put creates',
      put('ab', 'new'),
      { type: 'put', revision: 6, created: true, prev: null },
      [A, pair('ab', 'new', [6, 6, 1]), B, C],
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
      [A, B, C, pair('d', '', [6, 6, 1])],
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
      [pair('', '0', [6, 6, 1]), A, B, C],
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
    const rig = filled();
    expect(rig.apply(command)).toEqual(result);
    expect(everything(rig)).toEqual(pairs);
    expect(rig.view.revision).toBe(6);
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
    const rig = filled();
    const hash = rig.machine.hash();
    expect(rig.apply(command)).toEqual(result);
    expect(everything(rig)).toEqual([A, B, C]);
    expect(rig.view.revision).toBe(5);
    expect(rig.machine.hash()).toEqual(hash);
  });
});

test('a key that was deleted begins anew', () => {
  const rig = filled();
  rig.apply(del('a'), put('a', 'again'));
  expect(rig.view.get(b('a'))).toEqual(pair('a', 'again', [7, 7, 1]));
});

test('changes: one for each revision, with an event for each key, in key order', () => {
  const rig = filled();
  rig.changes.length = 0;
  rig.apply(
    put('d', '1'),
    del('a', { end: b('c') }),
    del('x'),
    put('d', '', { condition: ABSENT }),
    put('d', '2'),
  );
  const d = pair('d', '1', [6, 6, 1]);
  expect(rig.changes).toEqual([
    { revision: 6, events: [{ type: 'put', kv: d, prev: null }] },
    {
      revision: 7,
      events: [
        { type: 'delete', kv: stone('a', 7), prev: A },
        { type: 'delete', kv: stone('b', 7), prev: B },
      ],
    },
    { revision: 8, events: [{ type: 'put', kv: pair('d', '2', [6, 8, 2]), prev: d }] },
  ]);
});

test('a pinned store stays as it was', () => {
  const rig = filled();
  const pinned = rig.view.pin();
  rig.apply(del('', { open: true }), put('z', '1'), del('z'));
  expect(pinned.range(EMPTY_BYTES, null, 99)).toEqual([A, B, C]);
  expect([pinned.revision, pinned.size]).toEqual([5, 3]);
  expect(pinned.history(b('a'), 9)).toEqual([A, pair('a', '1', [2, 2, 1])]);
});

describe('what a put keeps of the key', () => {
  const attached = put('a', 'kept', { lease: id('7') });

  test.each<[string, KvCommand, object]>([
    ['nothing: the lease goes', put('a', 'new'), pair('a', 'new', [2, 3, 2])],
    [
      'the value',
      put('a', '', { ignoreValue: true, lease: id('8') }),
      pair('a', 'kept', [2, 3, 2], '8'),
    ],
    ['the lease', put('a', 'new', { ignoreLease: true }), pair('a', 'new', [2, 3, 2], '7')],
    [
      'both',
      put('a', '', { ignoreValue: true, ignoreLease: true }),
      pair('a', 'kept', [2, 3, 2], '7'),
    ],
  ])('%s', (_name, command, expected) => {
    const rig = new Rig();
    rig.apply(grant('7'), grant('8'), attached, command);
    expect(rig.view.get(b('a'))).toEqual(expected as never);
  });

  test('there must be something to keep', () => {
    const rig = new Rig();
    const failed = { type: 'key-not-found', revision: 1 } as const;
    expect(rig.apply(put('a', '', { ignoreValue: true }))).toEqual(failed);
    expect(rig.apply(put('a', 'x', { ignoreLease: true }))).toEqual(failed);
  });

  test('the lease must be there', () => {
    const rig = new Rig();
    const failed = { type: 'lease-not-found', revision: 1 } as const;
    expect(rig.apply(attached)).toEqual(failed);
    expect(rig.changes).toEqual([]);
  });
});

test.each<[string, KvCommand]>([
  ['a range that is deleted', del('k', { end: b('l') })],
  ['a lease that ends', revoke('7')],
])('of %s all is told at once, however much it is', (_, command) => {
  const rig = new Rig();
  const keys = Array.from({ length: 3000 }, (__, at) => `k${String(at).padStart(4, '0')}`);
  rig.apply(grant('7'), ...keys.map((key) => put(key, 'v', { lease: id('7') })), put('z', 'v'));
  rig.changes.length = 0;
  rig.apply(command);
  expect(rig.changes).toHaveLength(1);
  const [{ revision, events } = { revision: 0, events: [] }] = rig.changes;
  expect(revision).toBe(3003);
  expect(events.map(({ type, kv }) => [type, kv.key, kv.modRevision])).toEqual(
    keys.map((key) => ['delete', b(key), 3003]),
  );
  // A watch of the past tells the same.
  const replayed = rig.view.replay(EMPTY_BYTES, null, 3003, 1);
  expect(replayed).toMatchObject({ type: 'replay', changes: [{ revision: 3003, events }] });
});
