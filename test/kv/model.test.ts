import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { KvCommand, KvResult } from '../../src/kv/command.ts';
import { pairsOf } from '../../src/kv/remembered.ts';
import { StateMachine } from '../../src/kv/state-machine.ts';
import { costOfVersion } from '../../src/kv/versions.ts';
import { anyHistory, anyOptions, anyRange, TIGHT } from './support/arbitrary.ts';
import { perform, type Step } from './support/history.ts';
import { EVERYTHING, type Model } from './support/model.ts';
import { restore, Rig } from './support/rig.ts';

function applyAll(rig: Rig, log: readonly Step[]): KvResult[] {
  return log.map(({ command, term }) => {
    rig.term = term;
    return rig.apply(command);
  });
}

/** Everything the state machine says of itself must be what the model says. */
function expectEqual({ view, changes }: Rig, model: Model): void {
  const { revision, compactRevision } = model;
  expect([view.revision, view.compactRevision]).toEqual([revision, compactRevision]);
  const now = model.at(EVERYTHING, revision);
  expect(view.range(EVERYTHING.key, null, 1000)).toEqual(now);
  expect(view.range(EVERYTHING.key, null, 1000, true)).toEqual(now.toReversed());
  for (const pair of now) expect(view.get(pair.key)).toEqual(pair);
  for (let at = compactRevision; at <= revision; at += 1) {
    const then = model.at(EVERYTHING, at);
    expect(view.rangeAt(EVERYTHING.key, null, at, 1000)).toEqual(then);
    expect(view.rangeAt(EVERYTHING.key, null, at, 3, true)).toEqual(then.toReversed().slice(0, 3));
    for (const { key: end } of model.at(EVERYTHING, at - 1)) {
      const below = then.filter(({ key }) => key < end).toReversed();
      expect(view.rangeAt(EVERYTHING.key, end, at, 1000, true)).toEqual(below);
    }
    for (const { key } of now) {
      expect(view.getAt(key, at)).toEqual(then.find((pair) => pair.key === key));
    }
  }
  const past = model.past();
  for (const { key } of [...now, ...past]) {
    const history = model.history(key);
    expect(view.history(key, 1000)).toEqual(history);
    expect(view.history(key, 2)).toEqual(history.slice(0, 2));
  }
  const bytes = (sum: number, version: (typeof past)[number]): number =>
    sum + costOfVersion(version);
  expect(view.historyBytes).toBe(past.reduce(bytes, 0));
  expect(view.sizeBytes).toBe([...past, ...now].reduce(bytes, 300 * model.leases.size));
  expect(changes.filter((change) => change.revision > compactRevision)).toEqual(
    model.changes(EVERYTHING, Math.max(2, compactRevision + 1)),
  );
  const leases = [...model.leases].map(([id, lease]) => ({ id, ...lease }));
  expect([...view.allLeases()]).toEqual(leases.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  for (const { id } of leases) expect(view.keysOf(id)).toEqual(model.keysOf(id));
}

test('any history has the results and the state of the obvious model', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(anyHistory, fc.array(fc.tuple(anyRange, anyOptions)), (history, queries) => {
      const { log, model } = perform(history);
      const results = log.map(({ result }) => result);
      const rig = new Rig(TIGHT);
      expect(applyAll(rig, log)).toEqual(results);
      for (const result of results) {
        const type = 'granted' in result ? `${result.type} with a lease` : result.type;
        seen.set(type, (seen.get(type) ?? 0) + 1);
      }
      expectEqual(rig, model);
      for (const [range, options] of queries) {
        const expected = model.query(range, options);
        const page = rig.view.query(range, options);
        seen.set(`query ${page.type}`, 1);
        if (expected.type !== 'get') expect<string>(page.type).toBe(expected.type);
        else {
          const { type: _, revision: __, ...fields } = expected;
          expect(page).toMatchObject({ type: 'range', ...fields });
        }
      }
    }),
    { seed: 1, numRuns: 200 },
  );
  // The histories must be rich enough to prove something.
  const rare = [...seen].filter(([type, count]) => !type.startsWith('query') && count < 3);
  expect(rare).toEqual([]);
  expect([...seen.keys()].toSorted()).toMatchInlineSnapshot(`
    [
      "compact",
      "compacted",
      "condition-failed",
      "delete",
      "future-revision",
      "key-not-found",
      "lease-alive",
      "lease-checkpointed",
      "lease-exists",
      "lease-expired",
      "lease-granted",
      "lease-kept",
      "lease-not-found",
      "lease-revoked",
      "put",
      "put with a lease",
      "query compacted",
      "query future-revision",
      "query range",
      "request-expired",
      "request-mismatch",
      "too-many-requests",
      "txn",
      "txn with a lease",
    ]
  `);
});

test('a watch from any revision sees what the model says, in steps of any size', () => {
  fc.assert(
    fc.property(anyHistory, anyRange, fc.integer({ min: 1, max: 9 }), (history, range, budget) => {
      const { log, model } = perform(history);
      const rig = new Rig(TIGHT);
      applyAll(rig, log);
      const { view } = rig;
      const end = range.end ?? null;
      const bounds = end === null && !range.open ? `${range.key}\0` : end;
      for (let from = 1; from <= view.revision + 2; from += 1) {
        const seen: object[] = [];
        for (let next = from; ; ) {
          const step = view.replay(range.key, bounds as typeof end, next, budget);
          if (from < model.compactRevision) {
            const { compactRevision } = model;
            expect(step).toEqual({ type: 'compacted', compactRevision });
            break;
          }
          if (step.type !== 'replay') throw new Error(step.type);
          seen.push(...step.changes);
          if (step.next === next) break;
          next = step.next;
        }
        if (from >= model.compactRevision) expect(seen).toEqual(model.changes(range, from));
      }
    }),
    { seed: 4, numRuns: 60 },
  );
});

test('a snapshot taken anywhere and read at the end is the state then, and goes on alike', () => {
  fc.assert(
    fc.property(anyHistory, fc.nat(), fc.nat({ max: 30 }), (history, where, pace) => {
      const { log, model } = perform(history);
      const rig = new Rig(TIGHT);
      const cut = where % log.length;
      applyAll(rig, log.slice(0, cut));
      const [lines, then] = [rig.machine.snapshot(), rig.machine.hash()];
      const pinned = rig.view.pin();
      const pinnedNow = pinned.range(EVERYTHING.key, null, 1000);
      const later = log.slice(cut).map(({ command, term }) => {
        rig.term = term;
        const result = rig.apply(command);
        rig.machine.collect(pace);
        return [result, rig.machine.hash()];
      });
      const copy = new Rig(TIGHT);
      restore(copy.machine, lines);
      expect([copy.machine.appliedIndex, copy.machine.hash()]).toEqual([cut, then]);
      expect([...pinned.range(EVERYTHING.key, null, 1000)]).toEqual(pinnedNow);
      const again = log.slice(cut).map(({ command, term }) => {
        copy.term = term;
        return [copy.apply(command), copy.machine.hash()];
      });
      expect(again).toEqual(later);
      expect([...copy.machine.snapshot()]).toEqual([...rig.machine.snapshot()]);
      expectEqual(rig, model);
      copy.changes.splice(0, copy.changes.length, ...rig.changes);
      expectEqual(copy, model);
      copy.collectAll();
      expectEqual(copy, model);
      expect(copy.machine.hash()).toBe(rig.machine.hash());
    }),
    { seed: 2, numRuns: 80 },
  );
});

test('machines agree on each hash, through JSON and at any pace of collection', () => {
  fc.assert(
    fc.property(anyHistory, fc.integer({ min: 1, max: 5 }), (history, pace) => {
      const { log, model } = perform(history);
      const results = log.map(({ result }) => result);
      const [lazy, eager, slow] = [new Rig(TIGHT), new Rig(TIGHT), new Rig(TIGHT)];
      log.forEach(({ command, term }, i) => {
        for (const rig of [lazy, eager, slow]) {
          rig.term = term;
          const read = JSON.parse(JSON.stringify(command)) as KvCommand;
          expect(rig.apply(read)).toEqual(results[i] as never);
        }
        eager.collectAll();
        slow.machine.collect(pace);
        expect(eager.machine.hash()).toBe(lazy.machine.hash());
        expect(slow.machine.hash()).toBe(lazy.machine.hash());
      });
      for (const rig of [eager, slow]) expectEqual(rig, model);
    }),
    { seed: 3, numRuns: 60 },
  );
});

test('the answers that are remembered hold few pairs or many, and all come back', () => {
  let most = 0;
  fc.assert(
    fc.property(anyHistory, (history) => {
      const { log } = perform(history);
      const rig = new Rig(TIGHT);
      for (const result of applyAll(rig, log)) {
        if ('prev' in result || result.type === 'txn') {
          most = Math.max(most, pairsOf(result).length);
        }
      }
      const machine = new StateMachine(TIGHT);
      restore(machine, rig.machine.snapshot());
      expect([...machine.snapshot()]).toEqual([...rig.machine.snapshot()]);
    }),
    { seed: 7, numRuns: 60 },
  );
  expect(most).toBeGreaterThan(5);
});
