import { expect, test } from 'bun:test';
import type { KvCommand } from '../../../src/kv/command.ts';
import type { KvChange, KvEvent } from '../../../src/kv/event.ts';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { Prng } from '../../../src/lib/prng.ts';
import type { WatchSpec } from '../../../src/node/watch/watch.ts';
import { isInside } from '../../../src/node/changes.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { b, compact, del, put, txn } from '../../kv/support/commands.ts';
import {
  EVERYTHING,
  keyRange,
  prefixRange,
  type Recorder,
  specOf,
  WatchRig,
} from '../support/watch-rig.ts';

const KEYS = ['a', 'aa', 'ab', 'b', 'ba', 'c'];

/**
 * The cluster: everything that was committed, and what it changed, as the reference knows it. The
 * node follows it, by entries or by a snapshot of it.
 */
class World {
  readonly prng: Prng;
  readonly truth = new StateMachine();
  readonly changes: KvChange[] = [];
  readonly rig = new WatchRig();
  readonly recorders: Recorder[] = [];
  /** Committed, and not yet known to the node. */
  #ahead: KvCommand[] = [];
  readonly #expected = new Map<Recorder, { seen: number; readonly list: KvChange[] }>();
  seen = { compacted: 0, refused: 0, jumps: 0, paused: 0 };

  constructor(seed: number) {
    this.prng = new Prng(seed);
    this.truth.listen((change) => this.changes.push(change));
    this.rig.msPerLook = this.prng.pick([0, 1, 5]);
  }

  commit(command: KvCommand): void {
    this.truth.apply(command, this.truth.appliedIndex + 1, 1);
    this.#ahead.push(command);
  }

  write(): void {
    const { prng } = this;
    const key = prng.pick(KEYS);
    const value = `${this.changes.length}`;
    const other = prng.pick(KEYS.filter((one) => one !== key));
    this.commit(
      prng.pick<KvCommand>([
        put(key, value),
        put(key, value),
        del(key),
        del(key, { open: true }),
        txn([
          { type: 'put', key: b(key), value: b(value) },
          prng.chance(0.5)
            ? { type: 'put', key: b(other), value: b(value) }
            : { type: 'delete', key: b(other) },
        ]),
      ]),
    );
  }

  /** The node hears of some of what was committed. */
  follow(count: number): void {
    this.rig.apply(...this.#ahead.splice(0, count));
  }

  jump(): void {
    this.#ahead = [];
    this.seen.jumps += 1;
    this.rig.jumpTo(this.truth);
  }

  open(): void {
    const { prng, rig } = this;
    const { revision, compactRevision } = rig.machine.view;
    const from = prng.chance(0.2) ? null : prng.between(1, revision + 10);
    const range = prng.pick([EVERYTHING, keyRange('a'), prefixRange('a'), prefixRange('b')]);
    const only = prng.pick([null, null, 'put', 'delete'] as const);
    const spec = specOf(range, { from, only, prev: prng.chance(0.5), progressMs: 3 });
    try {
      const recorder = rig.open(spec);
      recorder.fillsUp = prng.chance(0.3);
      this.recorders.push(recorder);
      this.checkProgressOf(recorder);
    } catch (error) {
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ code: 'compacted', fields: { compactRevision } });
      expect(from).toBeLessThan(compactRevision);
      this.seen.refused += 1;
    }
  }

  async step(): Promise<void> {
    const { prng, rig } = this;
    const what = prng.unit();
    if (what < 0.45) for (let n = prng.between(1, 40); n > 0; n -= 1) this.write();
    else if (what < 0.65) this.follow(prng.between(1, 60));
    else if (what < 0.68) this.jump();
    else if (what < 0.73) this.commit(compact(prng.between(1, this.truth.view.revision + 1)));
    else if (what < 0.83) this.open();
    else if (what < 0.9) for (const recorder of this.recorders) recorder.resume();
    else if (what < 0.92 && this.recorders.length > 0) this.toggle(prng.pick(this.recorders));
    else if (what < 0.96) await rig.turn();
    else rig.machine.collect(prng.between(1, 100));
    rig.now += 1;
    rig.watches.tick();
  }

  toggle(recorder: Recorder): void {
    recorder.fillsUp = !recorder.fillsUp;
    this.seen.paused += 1;
  }

  /** Whatever is claimed must have been told by then. */
  checkProgressOf(recorder: Recorder): void {
    const take = recorder.progress.bind(recorder);
    recorder.progress = (revision) => {
      const before = recorder.progresses.at(-1) ?? 0;
      expect(revision).toBeGreaterThanOrEqual(before);
      expect(revision).toBeGreaterThanOrEqual(recorder.changes.at(-1)?.revision ?? 0);
      // What it was told is looked at in the end; whether it was all of it, now.
      const due = this.expected(recorder).findLastIndex((change) => change.revision <= revision);
      expect(recorder.changes.length).toBe(due + 1);
      return take(revision);
    };
  }

  /** Everything goes on until nothing is left to do. */
  async settle(): Promise<void> {
    this.follow(Number.POSITIVE_INFINITY);
    for (const recorder of this.recorders) {
      recorder.fillsUp = false;
      recorder.resume();
    }
    await this.rig.settle();
  }

  /** All that the watch is to be told, of what was committed so far. */
  expected(recorder: Recorder): KvChange[] {
    const known = this.#expected.get(recorder) ?? { seen: 0, list: [] };
    this.#expected.set(recorder, known);
    const { spec, watch } = recorder;
    for (const { revision, events } of this.changes.slice(known.seen)) {
      const wanted = revision < watch.from ? [] : events.filter(isWanted(spec));
      if (wanted.length > 0) known.list.push({ revision, events: wanted });
    }
    known.seen = this.changes.length;
    return known.list;
  }

  check(recorder: Recorder): void {
    const expected = this.expected(recorder);
    const { end, changes } = recorder;
    const told = end === null ? expected : expected.slice(0, changes.length);
    expect(textOf(changes)).toBe(textOf(told));
    for (const [at, change] of changes.entries()) checkPrev(change, told[at]);
    if (end === null) return;
    this.seen.compacted += 1;
    if (end.reason !== 'compacted') throw new Error(`it ended: ${end.reason}`);
    // What came next was forgotten: nothing was left out before, and it was not ended for nothing.
    expect(recorder.watch.told + 1).toBeLessThan(end.compactRevision);
    const next = expected[changes.length];
    if (next !== undefined) expect(next.revision).toBeGreaterThan(recorder.watch.told);
  }
}

function isWanted({ range, only }: WatchSpec): (event: KvEvent) => boolean {
  return ({ type, kv }) => isInside(range, kv.key) && (only === null || only === type);
}

function textOf(changes: readonly KvChange[]): string {
  const lines = changes.map(({ revision, events }) =>
    JSON.stringify([revision, events.map(({ type, kv }) => [type, kv])]),
  );
  return lines.join('\n');
}

/** The pair before, or null where it may be forgotten; never another. */
function checkPrev(told: KvChange, truth: KvChange | undefined): void {
  for (const [at, { prev }] of told.events.entries()) {
    const before = truth?.events[at]?.prev;
    if (prev?.modRevision === before?.modRevision && prev?.value === before?.value) continue;
    expect(prev).toBeNull();
  }
}

test('whatever is written, forgotten or jumped over, a watch is told it once', async () => {
  const seen = { compacted: 0, refused: 0, jumps: 0, paused: 0 };
  let told = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const world = new World(seed);
    for (let n = 0; n < 60; n += 1) await world.step();
    await world.settle();
    for (const recorder of world.recorders) {
      world.check(recorder);
      told += recorder.changes.length;
    }
    expect(world.rig.failures).toEqual([]);
    expect(world.rig.watches.behind).toBe(0);
    for (const recorder of world.recorders) recorder.watch.close();
    expect([world.rig.watches.size, world.rig.changes.size]).toEqual([0, 0]);
    let name: keyof typeof seen;
    for (name in seen) seen[name] += world.seen[name];
  }
  // It has met what it is about.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  expect(told).toBeGreaterThan(20_000);
});
