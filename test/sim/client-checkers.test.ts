/** The checkers of what clients see, and of what nodes hold, are shown what they are to find. */
import { describe, expect, test } from 'bun:test';
import type { KvCommand, LeaseId } from '../../src/kv/command.ts';
import { type ByteString, bytesOfText, EMPTY_BYTES } from '../../src/lib/bytes.ts';
import { must } from '../../src/lib/assert.ts';
import { contenderKey } from '../../src/node/locks/contender.ts';
import { Bounds, checkNobodyWaits } from '../../src/sim/checkers/bounds.ts';
import { KvModel } from '../../src/sim/checkers/kv-model.ts';
import { Linearizability } from '../../src/sim/checkers/linearizability.ts';
import { LockCheck, PROTECTED_KEY } from '../../src/sim/checkers/lock-check.ts';
import { Model } from '../../src/sim/checkers/model.ts';
import { Oracle } from '../../src/sim/checkers/oracle.ts';
import { WatchCheck } from '../../src/sim/checkers/watch-check.ts';
import type { Operation } from '../../src/sim/history.ts';
import type { SimNode } from '../../src/sim/sim-node.ts';
import { A, leading, life, logOf, machine, put } from './support/lives.ts';
import { CALM, calmWorld } from './support/world.ts';

const FIRST = { term: 1, vote: null };
const KEY = bytesOfText('k');

function putOf(key: ByteString, value: string): KvCommand {
  const fields = { key, value: bytesOfText(value), condition: null, prev: false };
  return { v: 1, kind: 'put', requestId: null, at: 0, by: null, ...fields };
}

test('a write that is carried out twice is found', () => {
  const model = new Model();
  const oracle = new Oracle((entry) => model.apply(entry));
  const checker = new Linearizability(model, () => oracle.lastIndex);
  const value = bytesOfText('v');
  const proposal = { kind: 'put', key: KEY, value, condition: null, prev: false } as const;
  const request = { type: 'write', proposal, requestId: null, value } as const;
  const times = { invokedAt: 0, endedAt: 1 };
  const operation: Operation = { client: 1, number: 1, request, ...times, outcome: null };
  checker.invoked(operation);
  oracle.add(put(1, 1, 'v'));
  operation.outcome = { type: 'unknown', code: 'timeout' };
  expect(() => checker.finish()).not.toThrow();
  oracle.add(put(2, 1, 'v'));
  expect(() => checker.finish()).toThrow('a request has one effect');
});

describe('WatchCheck', () => {
  const checkOf = (model: KvModel) => {
    const topic = { range: { start: EMPTY_BYTES, end: null }, only: null, prev: false };
    return new WatchCheck('watcher', topic, model);
  };

  test('finds progress that falls, also behind an event', () => {
    const model = new KvModel();
    for (let index = 1; index <= 3; index += 1) model.apply(putOf(KEY, `v${index}`), index, 1);
    const check = checkOf(model);
    const [, second] = model.changes;
    const { revision, versions } = must(second, 'change');
    check.beginAt(revision);
    const events = versions.map((kv) => ({ type: 'put', kv, prev: null }) as const);
    check.change({ revision, events, prev: false }, 0);
    expect(() => check.progress(revision - 1)).toThrow('progress of watches does not fall');
    check.progress(revision);
    check.beginAt(revision + 2);
    check.progress(revision + 1);
    expect(() => check.progress(revision)).toThrow('progress of watches does not fall');
  });

  test('finds that something is said to be compacted which is not, or to another revision', () => {
    const model = new KvModel();
    for (let index = 1; index <= 3; index += 1) model.apply(putOf(KEY, `v${index}`), index, 1);
    const base = { v: 1, requestId: null, at: 0, by: null } as const;
    model.apply({ ...base, kind: 'compact', revision: 3 }, 4, 1);
    const check = checkOf(model);
    const said = 'only what is compacted is said to be';
    expect(() => check.compacted(2, 3)).not.toThrow();
    expect(() => check.compacted(3, 3)).toThrow(said);
    expect(() => check.compacted(2, 4)).toThrow(said);
    expect(() => check.compacted(2, null)).toThrow(said);
    expect(() => check.compacted(null, 3)).toThrow(said);
  });
});

test('a fenced write behind one of a later holder is found', () => {
  const model = new KvModel();
  const locks = new LockCheck(model, bytesOfText('a-lock'), () => undefined);
  for (const [at, token] of ['5', '5', '9'].entries()) {
    model.apply(putOf(PROTECTED_KEY, token), at + 1, 1);
  }
  expect(() => locks.finish()).not.toThrow();
  model.apply(putOf(PROTECTED_KEY, '5'), 4, 1);
  expect(() => locks.finish()).toThrow('fenced writes are in the order of their tokens');
});

test('a lock that is told after one of a later holder is found', () => {
  const model = new KvModel();
  const name = bytesOfText('a-lock');
  const locks = new LockCheck(model, name, () => undefined);
  const key = (lease: string): ByteString => contenderKey(name, lease as LeaseId);
  for (const [at, lease] of ['1', '2'].entries()) {
    const range = { key: key(lease), end: null, open: false } as const;
    model.apply(putOf(key(lease), ''), 2 * at + 1, 1);
    const gone = { kind: 'delete', ...range, condition: null, prev: false } as const;
    model.apply({ v: 1, requestId: null, at: 0, by: null, ...gone }, 2 * at + 2, 1);
  }
  const node = { name: 'n1' } as SimNode;
  const floor = locks.newest;
  locks.held(node, key('2'));
  expect(() => locks.held(node, key('1'))).toThrow('fencing tokens grow');
  expect(() => locks.held(node, key('1'), floor), 'asked before').not.toThrow();
  expect(() => locks.held(node, key('2'))).toThrow('fencing tokens grow');
});

describe('a request', () => {
  const never = () => new Promise<never>(() => undefined);

  test('that a node never ends is found, and one that ends is not', () => {
    const world = calmWorld(1);
    world.runFor(1_000);
    const [node] = world.cluster.running;
    world.cluster.call(must(node, 'node'), () => Promise.resolve(1), 100).catch(() => undefined);
    world.runFor(5_000);
    expect(world.failure).toBeNull();
    world.cluster.call(must(node, 'node'), never, 100).catch(() => undefined);
    world.runFor(5_000);
    expect(world.failure?.invariant).toBe('requests end in time');
  });

  test('may be lost with its process, or wait while that stands still', () => {
    const world = calmWorld(2);
    world.runFor(1_000);
    const [dead, stopped] = world.cluster.running;
    for (const node of [dead, stopped]) {
      world.cluster.call(must(node, 'node'), never, 100).catch(() => undefined);
    }
    world.runFor(50);
    dead?.crash('drop');
    stopped?.stop();
    world.runFor(5_000);
    expect(world.failure).toBeNull();
  });
});

describe('Bounds', () => {
  const PROFILE = { ...calmWorld(1).world.profile, ...CALM };

  test('find a leader whose disk has been stuck for too long', () => {
    let now = 0;
    const bounds = new Bounds(PROFILE, () => now);
    const view = leading(A, logOf([A]), FIRST);
    Object.assign(view.node, { disk: { isStuck: true } });
    view.node.durable.begin({ type: 'append', batch: { state: null, entries: [put(2, 2)] } });
    const lead = (ms: number): void => {
      for (const end = now + ms; now < end; now += 10) bounds.observe(view);
    };
    lead(600);
    view.node.durable.completed();
    expect(() => lead(5_000)).not.toThrow();
    view.node.durable.begin({ type: 'append', batch: { state: null, entries: [put(3, 2)] } });
    expect(() => lead(5_000)).toThrow('a leader with a stuck disk gives up');
  });

  test('find a log that is not cut behind a snapshot', () => {
    const profile = { ...PROFILE, limits: { ...must(PROFILE.limits, 'limits'), retainEntries: 1 } };
    const bounds = new Bounds(profile, () => 0);
    const view = life(A, logOf([A], 1, 1, 1), FIRST);
    Object.assign(view.node, { disk: { isStuck: false } });
    bounds.snapshotSaved(view, 1);
    expect(() => bounds.observe(view)).toThrow('logs are cut behind snapshots');
    view.raft.state.log.compact(1);
    bounds.snapshotSaved(view, 1);
    expect(() => bounds.observe(view)).not.toThrow();
  });

  test('find files that nobody needs', () => {
    const bounds = new Bounds(PROFILE, () => 0);
    const holding = (files: Readonly<Record<string, string>>) => {
      const disk = {
        paths: () => Object.keys(files),
        contents: (path: string) => new TextEncoder().encode(files[path]),
      };
      return Object.assign(machine(A, [], FIRST), { disk: { disk } });
    };
    const [of4, of7, of9] = ['snapshot-4.jsonl', 'snapshot-7.jsonl', 'snapshot-9.jsonl'] as const;
    const three = { [of4]: '', [of7]: '', [of9]: '' };
    expect(() => bounds.finish(holding(three))).not.toThrow();
    const four = { ...three, 'snapshot-10.jsonl': '' };
    expect(() => bounds.finish(holding(four))).toThrow('disks are tidied');
    const upTo = (index: number): string => `{"crc":"0","entry":{"index":${index},"term":1}}\n`;
    const logs = (index: number) => ({ 'wal/1-1.jsonl': upTo(index), 'wal/2-9.jsonl': upTo(12) });
    const two = { [of7]: '', [of9]: '' };
    expect(() => bounds.finish(holding({ ...two, ...logs(8) }))).not.toThrow();
    expect(() => bounds.finish(holding({ ...two, ...logs(7) }))).toThrow('disks are tidied');
    expect(() => bounds.finish(holding({ [of9]: '', ...logs(7) }))).not.toThrow();
  });

  test('find somebody who still waits', async () => {
    const world = calmWorld(1);
    world.runFor(2_000);
    const node = must(world.cluster.running[0], 'node');
    await checkNobodyWaits(node);
    const spec = { range: { start: EMPTY_BYTES, end: null }, only: null, prev: false };
    const context = { deadline: 1e9, requestId: null, signal: null };
    const opened = node.node?.watch({ ...spec, from: null, progressMs: null }, context);
    world.runFor(100);
    await opened;
    await expect(checkNobodyWaits(node)).rejects.toThrow('nobody waits in the end');
  });
});
