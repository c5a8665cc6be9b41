import { describe, expect, test } from 'bun:test';
import { EMPTY_BYTES } from '../../src/lib/bytes.ts';
import { b, compact, del, pair, put, putOp, stone, txn } from './support/commands.ts';
import { Rig } from './support/rig.ts';

/** a is put at 2, 3 and 4, deleted at 5, put at 6; b is put at 7. */
function filled(): Rig {
  const rig = new Rig();
  rig.apply(put('a', '2'), put('a', '3'), put('a', '4'), del('a'), put('a', '6'), put('b', '7'));
  return rig;
}

const VERSIONS = [
  pair('a', '6', [6, 6, 1]),
  stone('a', 5),
  pair('a', '4', [2, 4, 3]),
  pair('a', '3', [2, 3, 2]),
  pair('a', '2', [2, 2, 1]),
];

/** The whole of it, and the whole of it with all that is forgotten out of memory. */
describe.each([false, true])('history; collected: %p', (isCollected) => {
  function compacted(...revisions: readonly number[]): Rig {
    const rig = filled();
    for (const revision of revisions) {
      rig.apply(compact(revision));
      if (isCollected) rig.collectAll();
    }
    return rig;
  }

  test('reads of any revision', () => {
    const { view } = compacted();
    const seen = [1, 2, 3, 4, 5, 6, 7].map((at) => view.getAt(b('a'), at)?.value ?? null);
    expect(seen.map(String)).toEqual(['null', '2', '3', '4', 'null', '6', '6']);
    expect(view.faultOf(8)).toEqual({ type: 'future-revision' });
    expect([0, 1, 7].map((at) => view.faultOf(at))).toEqual([null, null, null]);
    expect(view.history(b('a'), 9)).toEqual(VERSIONS);
    expect(view.history(b('a'), 2)).toEqual(VERSIONS.slice(0, 2));
    expect(view.history(b('a'), 0)).toEqual([]);
    expect(view.history(b('aa'), 9)).toEqual([]);
  });

  test.each<[number, number]>([
    [2, 5],
    [3, 4],
    [4, 3],
    // What the revision of the delete shows is nothing, but a watch may begin there.
    [5, 2],
    [6, 1],
    [7, 1],
  ])('compacted at %p, %p versions of the key are left', (revision, left) => {
    const { view } = compacted(revision);
    expect(view.history(b('a'), 9)).toEqual(VERSIONS.slice(0, left));
    expect(view.faultOf(revision - 1)).toEqual({ type: 'compacted', compactRevision: revision });
    expect(view.faultOf(revision)).toBeNull();
    for (let at = revision; at <= 7; at += 1) {
      expect(view.getAt(b('a'), at)).toEqual(filled().view.getAt(b('a'), at));
    }
  });

  test('a watch that begins at a compacted delete sees it', () => {
    const rig = compacted(5);
    const from5 = rig.view.replay(EMPTY_BYTES, null, 5, 100);
    expect(from5).toEqual({
      type: 'replay',
      changes: [
        { revision: 5, events: [{ type: 'delete', kv: stone('a', 5), prev: null }] },
        { revision: 6, events: [{ type: 'put', kv: pair('a', '6', [6, 6, 1]), prev: null }] },
        { revision: 7, events: [{ type: 'put', kv: pair('b', '7', [7, 7, 1]), prev: null }] },
      ],
      next: 8,
    });
    expect(rig.view.replay(EMPTY_BYTES, null, 4, 100)).toEqual({
      type: 'compacted',
      compactRevision: 5,
    });
  });

  test('a replay gives the pair before, unless its revision is forgotten', () => {
    const { view } = compacted(3);
    const seen = view.replay(b('a'), b('a\0'), 3, 100);
    if (seen.type !== 'replay') throw new Error(seen.type);
    const prevs = seen.changes.map(({ revision, events }) => [revision, events[0]?.prev?.value]);
    expect(prevs.map(String)).toEqual(['3,', '4,3', '5,4', '6,']);
  });

  test('a replay goes through so many changes, but never through a part of a revision', () => {
    const { view } = compacted();
    const stretch = (from: number, budget: number) => {
      const seen = view.replay(EMPTY_BYTES, null, from, budget);
      return seen.type === 'replay' && [seen.changes.map(({ revision }) => revision), seen.next];
    };
    expect(stretch(2, 1)).toEqual([[2], 3]);
    expect(stretch(3, 3)).toEqual([[3, 4, 5], 6]);
    expect(stretch(6, 3)).toEqual([[6, 7], 8]);
    const rig = filled();
    rig.apply(del('', { open: true }), put('c', ''));
    const seen = rig.view.replay(EMPTY_BYTES, null, 8, 1);
    expect(seen).toMatchObject({ changes: [{ revision: 8, events: [{}, {}] }], next: 9 });
  });

  test('after the newest revision there is nothing yet', () => {
    const { view } = compacted(7);
    for (const next of [8, 9, 99]) {
      expect(view.replay(EMPTY_BYTES, null, next, 100)).toEqual({
        type: 'replay',
        changes: [],
        next,
      });
    }
  });

  test('the revision never goes back, not even when all that is newest is forgotten', () => {
    const rig = compacted();
    rig.apply(del('', { open: true }), compact(8));
    if (isCollected) rig.collectAll();
    for (const one of [rig, rig.copy()]) {
      expect([one.view.revision, one.view.compactRevision]).toEqual([8, 8]);
      expect(one.view.history(b('a'), 9)).toEqual([stone('a', 8)]);
      expect(one.apply(put('c', '1'))).toMatchObject({ type: 'put', revision: 9 });
      one.apply(compact(9));
      expect(one.view.history(b('a'), 9)).toEqual([]);
      expect(one.view.replay(EMPTY_BYTES, null, 9, 9)).toMatchObject({ next: 10 });
    }
  });
});

describe('compaction', () => {
  test.each<[string, number, object]>([
    ['nothing', 0, { type: 'compacted', revision: 7, compactRevision: 0 }],
    ['the beginning', 1, { type: 'compact', revision: 7, compactRevision: 1 }],
    ['the newest', 7, { type: 'compact', revision: 7, compactRevision: 7 }],
    ['what is to come', 8, { type: 'future-revision', revision: 7 }],
  ])('of %s', (_name, revision, result) => {
    expect(filled().apply(compact(revision))).toEqual(result as never);
  });

  test('of what is compacted already is refused, also of the very same revision', () => {
    const rig = filled();
    const refused = { type: 'compacted', revision: 7, compactRevision: 4 } as const;
    rig.apply(compact(4));
    expect(rig.apply(compact(4))).toEqual(refused);
    expect(rig.apply(compact(3))).toEqual(refused);
    expect(rig.apply(compact(5)).type).toBe('compact');
  });

  test('it makes no revision and no change', () => {
    const rig = filled();
    rig.changes.length = 0;
    rig.apply(compact(7));
    expect([rig.view.revision, rig.changes.length]).toEqual([7, 0]);
  });

  test('a pinned store goes on reading what is forgotten meanwhile', () => {
    const rig = filled();
    const pinned = rig.view.pin();
    rig.apply(compact(7), del('', { open: true }), compact(8));
    rig.collectAll();
    expect(pinned.history(b('a'), 9)).toEqual(VERSIONS);
    expect(pinned.replay(EMPTY_BYTES, null, 2, 99)).toEqual(
      filled().view.replay(EMPTY_BYTES, null, 2, 99),
    );
  });

  test('bytes of history come back, at once in the count and in memory when collected', () => {
    const rig = new Rig();
    for (let i = 0; i < 100; i += 1) rig.apply(put('k', 'x'.repeat(1000)));
    const { view } = rig;
    expect(view.historyBytes).toBeGreaterThan(99_000);
    expect(view.sizeBytes - view.historyBytes).toBeLessThan(1300);
    rig.apply(compact(view.revision));
    expect(view.historyBytes).toBe(0);
    // 99 superseded versions: one for each budgeted look, and as many for the log.
    let slices = 0;
    while (rig.machine.collect(10)) slices += 1;
    expect(slices).toBeGreaterThanOrEqual(9);
    expect(slices).toBeLessThan(25);
    expect(rig.machine.collect(10)).toBeFalse();
    expect(view.retained).toEqual({ past: 0, log: 1 });
    rig.apply(del('k'), compact(view.revision + 1));
    rig.collectAll();
    expect(view.retained).toEqual({ past: 1, log: 1 });
    rig.apply(put('l', ''), compact(view.revision + 1));
    rig.collectAll();
    expect(view.retained).toEqual({ past: 0, log: 1 });
  });

  test('a slice stops within a revision that changed much', () => {
    const rig = new Rig();
    const ops = Array.from({ length: 100 }, (_, i) => putOp(`k${i}`, ''));
    rig.apply(txn(ops), txn(ops), del('', { open: true }), put('z', ''), compact(5));
    const hash = rig.machine.hash();
    let slices = 1;
    while (rig.machine.collect(7)) slices += 1;
    // Three revisions of a hundred changes, each looked at for what it replaced and what it left.
    expect(slices).toBeGreaterThanOrEqual(600 / 7);
    expect(slices).toBeLessThan(650 / 7);
    expect(rig.machine.hash()).toBe(hash);
    expect(rig.copy().machine.hash()).toBe(hash);
  });

  test.each([0, 1, 2, 3, 100, 255, 256, 257, 600, 998, 999, 1000])(
    'of %p of a thousand revisions leaves the same as if that were all there had been',
    (revision) => {
      const rig = new Rig();
      for (let i = 0; i < 999; i += 1) {
        rig.apply(i % 7 === 3 ? del(`k${(i - 2) % 10}`) : put(`k${i % 10}`, `${i}`));
      }
      rig.apply(compact(revision));
      expect(rig.copy().machine.hash()).toBe(rig.machine.hash());
      expect(rig.copy().view.historyBytes).toBe(rig.view.historyBytes);
    },
  );

  test('how far to go for so many bytes of history', () => {
    const rig = new Rig();
    for (let i = 0; i < 5000; i += 1) rig.apply(put('k', 'x'.repeat(800)));
    const { view } = rig;
    const all = view.historyBytes;
    for (const share of [0.75, 0.5, 0.1]) {
      const revision = view.revisionLeaving(all * share);
      expect(rig.apply(compact(revision)).type).toBe('compact');
      expect(view.historyBytes).toBeLessThanOrEqual(all * share);
      expect(view.historyBytes).toBeGreaterThan(all * (share - 0.03));
    }
    expect(view.revisionLeaving(all)).toBe(view.compactRevision);
    expect(view.revisionLeaving(0)).toBe(view.revision);
  });
});
