import { describe, expect, test } from 'bun:test';
import { ApiError } from '../../../src/wire/errors.ts';
import type { WatchEnd } from '../../../src/node/watch/watch.ts';
import { b, compact, del, put, txn } from '../../kv/support/commands.ts';
import { EVERYTHING, keyRange, prefixRange, specOf, WatchRig } from '../support/watch-rig.ts';

function codeOf(act: () => unknown): unknown {
  try {
    act();
    return null;
  } catch (error) {
    return error instanceof ApiError ? [error.code, error.fields] : error;
  }
}

/** Revisions 2 to 6: puts of a, b, a; a delete of a; both in one transaction. */
function filled(): WatchRig {
  const rig = new WatchRig();
  rig.apply(put('a', '1'), put('b', '1'), put('a', '2'), del('a'));
  rig.apply(
    txn([
      { type: 'put', key: b('a'), value: b('3') },
      { type: 'put', key: b('b'), value: b('2') },
    ]),
  );
  return rig;
}

describe('a watch from now on', () => {
  test('is told what comes, and nothing of before', () => {
    const rig = filled();
    const all = rig.open(specOf(EVERYTHING));
    expect(all.watch.from).toBe(7);
    rig.apply(put('c', '1'), del('c'));
    expect(all.revisions).toEqual([7, 8]);
    expect(all.changes[1]?.events[0]).toMatchObject({ type: 'delete', kv: { key: 'c' } });
  });

  test('is told of its keys only, and a revision whole and in its order', () => {
    const rig = filled();
    const one = rig.open(specOf(keyRange('a')));
    const many = rig.open(specOf(prefixRange('a')));
    rig.apply(
      txn([
        { type: 'put', key: b('b'), value: b('1') },
        { type: 'put', key: b('ab'), value: b('1') },
        { type: 'put', key: b('a'), value: b('1') },
      ]),
      put('b', '1'),
    );
    expect(one.changes.map(({ events }) => events.map(({ kv }) => String(kv.key)))).toEqual([
      ['a'],
    ]);
    expect(many.changes.map(({ events }) => events.map(({ kv }) => String(kv.key)))).toEqual([
      ['ab', 'a'],
    ]);
  });

  test('may want puts or deletes only: a revision without any is left out', () => {
    const rig = new WatchRig();
    const puts = rig.open(specOf(EVERYTHING, { only: 'put' }));
    const deletes = rig.open(specOf(EVERYTHING, { only: 'delete' }));
    rig.apply(put('a', '1'), del('a'), put('a', '2'));
    expect([puts.revisions, deletes.revisions]).toEqual([[2, 4], [3]]);
    expect(puts.watch.told).toBe(4);
  });

  test('shares what it is told with watches of the same thing, and no other', () => {
    const rig = new WatchRig();
    const [first, second] = [rig.open(specOf(EVERYTHING)), rig.open(specOf(EVERYTHING))];
    const other = rig.open(specOf(EVERYTHING, { prev: true }));
    const put1 = rig.open(specOf(EVERYTHING, { only: 'put' }));
    rig.apply(put('a', '1'));
    expect(first.changes[0]).toBe(second.changes[0]);
    expect(first.changes[0]).not.toBe(other.changes[0]);
    expect(first.changes[0]).not.toBe(put1.changes[0]);
    expect([first, other].map(({ changes }) => changes[0]?.prev)).toEqual([false, true]);
  });
});

describe('a watch from a revision on', () => {
  test('is told the past and then the present', () => {
    const rig = filled();
    for (let from = 2; from <= 7; from += 1) {
      const all = rig.open(specOf(EVERYTHING, { from }));
      rig.apply(put('x', `${from}`));
      const revisions = rig.told.map(({ revision }) => revision);
      expect(all.revisions).toEqual(revisions.filter((revision) => revision >= from));
      expect(all.changes.map(({ events }) => events)).toEqual(
        rig.told.filter(({ revision }) => revision >= from).map(({ events }) => events),
      );
    }
  });

  test('that is yet to come is told nothing before, nor says that it is complete to there', () => {
    const rig = filled();
    const future = rig.open(specOf(EVERYTHING, { from: 9, progressMs: 1000 }));
    rig.now += 1000;
    rig.watches.tick();
    expect(future.progresses).toEqual([]);
    rig.apply(put('a', '7'), put('a', '8'), put('a', '9'), put('a', '10'));
    expect(future.revisions).toEqual([9, 10]);
    rig.watches.tick();
    expect(future.progresses).toEqual([10]);
  });

  test('begins at a compact revision, a delete there too, and not before', () => {
    const rig = filled();
    rig.apply(compact(5));
    rig.machine.collect(1000);
    expect(rig.open(specOf(EVERYTHING, { from: 5 })).revisions).toEqual([5, 6]);
    const before = codeOf(() => rig.watches.open(specOf(EVERYTHING, { from: 4 })));
    expect(before).toEqual(['compacted', { compactRevision: 5, revision: 6 }]);
    expect(rig.watches.size).toBe(1);
  });

  test('waits while its reader is full, and ends when what comes next is forgotten', async () => {
    const rig = filled();
    const slow = rig.open(specOf(EVERYTHING, { from: 2 }));
    slow.watch.close();
    slow.changes.length = 0;
    const reader = rig.watches.open(specOf(EVERYTHING, { from: 2 }));
    slow.fillsUp = true;
    reader.start(slow);
    expect([slow.revisions, reader.told, rig.watches.behind]).toEqual([[2], 2, 1]);
    rig.apply(compact(3));
    slow.isFull = false;
    reader.resume();
    await rig.settle();
    expect(slow.revisions).toEqual([2, 3]);
    rig.apply(compact(5));
    slow.isFull = false;
    reader.resume();
    await rig.settle();
    expect(slow.end).toEqual({ reason: 'compacted', compactRevision: 5 });
    expect([slow.revisions, rig.watches.size]).toEqual([[2, 3], 0]);
  });

  test('takes turns with others, so that none holds up the node', async () => {
    const rig = new WatchRig();
    for (let n = 0; n < 1000; n += 1) rig.apply(put('a', `${n}`));
    rig.msPerLook = 5;
    const [first, second] = [
      rig.open(specOf(EVERYTHING, { from: 2 })),
      rig.open(specOf(EVERYTHING, { from: 2 })),
    ];
    expect(first.revisions.length).toBeLessThan(200);
    await rig.turn();
    await rig.turn();
    expect(first.revisions.length).toBeLessThan(400);
    expect(second.revisions.length).toBeGreaterThan(0);
    rig.apply(put('a', 'now'));
    await rig.settle();
    for (const { revisions } of [first, second]) {
      expect(revisions).toEqual(Array.from({ length: 1001 }, (_, n) => n + 2));
    }
    // What both were told of the past was made once.
    expect(first.changes[500]).toBe(second.changes[500]);
    expect(rig.failures).toEqual([]);
  });
});

describe('a snapshot in the place of the store', () => {
  test('is told as the history it has', () => {
    const leader = filled();
    const rig = new WatchRig();
    const all = rig.open(specOf(EVERYTHING));
    const deletes = rig.open(specOf(EVERYTHING, { only: 'delete' }));
    rig.apply(put('a', '1'));
    rig.jumpTo(leader.machine);
    expect([all.revisions, deletes.revisions]).toEqual([[2, 3, 4, 5, 6], [5]]);
    rig.apply(del('b'));
    expect([all.revisions, deletes.revisions]).toEqual([
      [2, 3, 4, 5, 6, 7],
      [5, 7],
    ]);
  });

  test('ends a watch that it forgot something of', () => {
    const leader = filled();
    leader.apply(compact(5));
    const rig = new WatchRig();
    const all = rig.open(specOf(EVERYTHING));
    rig.apply(put('a', '1'));
    rig.jumpTo(leader.machine);
    expect([all.revisions, all.end]).toEqual([[2], { reason: 'compacted', compactRevision: 5 }]);
    expect([rig.watches.size, rig.changes.size]).toEqual([0, 0]);
  });

  test('leaves one that waits for the future waiting', () => {
    const rig = new WatchRig();
    const future = rig.open(specOf(EVERYTHING, { from: 8 }));
    rig.jumpTo(filled().machine);
    rig.apply(put('a', '7'), put('a', '8'));
    expect(future.revisions).toEqual([8]);
  });

  test('is not claimed as told before it was', () => {
    const rig = new WatchRig();
    const all = rig.open(specOf(EVERYTHING, { progressMs: 1000 }));
    const { watches } = rig;
    rig.now += 1000;
    const leader = filled().machine;
    // The state is the new one already; the watches are told a moment later.
    const jumped = rig.changes.jumped.bind(rig.changes);
    rig.changes.jumped = () => {
      watches.tick();
      jumped();
      rig.now += 1000;
      watches.tick();
    };
    rig.jumpTo(leader);
    expect(all.progresses).toEqual([1, 6]);
  });
});

describe('progress', () => {
  test('is said in time, of all that was told, and not twice in between', () => {
    const rig = filled();
    const all = rig.open(specOf(prefixRange('a'), { progressMs: 1000 }));
    const tick = (ms: number): void => {
      rig.now += ms;
      rig.watches.tick();
    };
    tick(999);
    expect(all.progresses).toEqual([]);
    tick(1);
    rig.apply(put('b', '1'));
    tick(999);
    tick(1);
    expect(all.progresses).toEqual([6, 7]);
  });

  test('of the past is how far the reader took it', () => {
    const rig = filled();
    const watch = rig.watches.open(specOf(EVERYTHING, { from: 2, progressMs: 1000 }));
    const slow = rig.open(specOf(EVERYTHING, { from: 9 }));
    slow.fillsUp = true;
    watch.start(slow);
    rig.now += 1000;
    rig.watches.tick();
    expect([slow.revisions, slow.progresses]).toEqual([[2], [2]]);
  });

  test('waits until it is taken, and while no leader is known', () => {
    const rig = filled();
    const all = rig.open(specOf(EVERYTHING, { progressMs: 1000 }));
    all.takesProgress = false;
    rig.now += 1000;
    rig.watches.tick();
    all.takesProgress = true;
    rig.hasLeader = false;
    rig.watches.tick();
    expect(all.progresses).toEqual([]);
    rig.hasLeader = true;
    rig.watches.tick();
    expect(all.progresses).toEqual([6]);
  });
});

describe('the end of a watch', () => {
  test('that is closed is silence, and leaves nothing behind', () => {
    const rig = filled();
    const specs = [specOf(EVERYTHING), specOf(EVERYTHING), specOf(keyRange('a'), { from: 9 })];
    const all = specs.map((spec) => rig.open(spec));
    const never = rig.watches.open(specOf(prefixRange('x'), { progressMs: 1000 }));
    expect([rig.watches.size, rig.changes.size]).toEqual([4, 3]);
    for (const { watch } of all) watch.close();
    never.close('slow');
    never.close();
    expect([rig.watches.size, rig.changes.size, rig.watches.slow]).toEqual([0, 0, 1]);
    rig.apply(put('a', '1'));
    rig.watches.tick();
    for (const { changes, end } of all) expect([changes, end]).toEqual([[], null]);
  });

  test('of the node says where to go on', () => {
    const rig = filled();
    const all = rig.open(specOf(EVERYTHING));
    const one = rig.open(specOf(keyRange('a')));
    const future = rig.open(specOf(EVERYTHING, { from: 50 }));
    const late = rig.watches.open(specOf(EVERYTHING, { from: 3 }));
    rig.apply(put('b', '1'));
    rig.watches.close();
    const end = (revision: number): WatchEnd => ({ reason: 'shutdown', revision });
    expect([all.end, one.end, future.end]).toEqual([end(8), end(8), end(50)]);
    late.start(all);
    expect(all.end).toEqual(end(3));
    expect(codeOf(() => rig.watches.open(specOf(EVERYTHING)))).toEqual(['shutting-down', {}]);
    expect([rig.watches.size, rig.changes.size]).toEqual([0, 0]);
  });

  test('of one whose reader fails is its own', () => {
    const rig = filled();
    const bad = rig.open(specOf(EVERYTHING));
    const good = rig.open(specOf(EVERYTHING));
    bad.change = () => {
      throw new Error('no');
    };
    rig.apply(put('a', '1'), put('a', '2'));
    expect([good.revisions, rig.watches.size, rig.failures]).toEqual([[7, 8], 1, []]);
  });

  test('events are counted as they are told', () => {
    const rig = filled();
    rig.open(specOf(EVERYTHING, { from: 6 }));
    rig.open(specOf(keyRange('a')));
    rig.apply(put('a', '1'));
    expect(rig.watches.events).toBe(4);
  });
});
