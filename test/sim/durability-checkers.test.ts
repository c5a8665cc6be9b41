/** The checkers of what is on disk are shown what they are there to find. */
import { describe, expect, test } from 'bun:test';
import type { Entry } from '../../src/raft/entry.ts';
import { Applies } from '../../src/sim/checkers/applies.ts';
import {
  checkDurableIndex,
  checkRestored,
  checkSent,
  checkStarted,
  checkStored,
} from '../../src/sim/checkers/durability.ts';
import { Model } from '../../src/sim/checkers/model.ts';
import { Oracle } from '../../src/sim/checkers/oracle.ts';
import { DurableLog } from '../../src/sim/durable-log.ts';
import { ObservedStorage } from '../../src/sim/observed-storage.ts';
import type { Restored, Storage } from '../../src/storage/storage.ts';
import type { WireMessage } from '../../src/wire/raft-codec.ts';
import { A, B, C, life, logOf, machine, put } from './support/lives.ts';
import { calmWorld, settle } from './support/world.ts';

const FIRST = { term: 1, vote: null };
const ALL = [A, B, C];

function restored(entries: readonly Entry[], tail: Restored['tail'] = 'clean'): Restored {
  return { identity: null, state: FIRST, snapshot: null, entries, tail, findings: [] };
}

describe('a start', () => {
  test('with a hole in its log is found', () => {
    const node = machine(A, [], FIRST);
    expect(() => checkRestored(node, restored([put(2, 1)]))).toThrow('logs go on behind');
  });

  test('that forgets that the log was torn is found, until that is settled', () => {
    const node = machine(A, [], FIRST);
    node.durable.replaceBy(restored([put(1, 1)], 'torn'));
    checkRestored(node, restored([put(1, 1)], 'torn'));
    const clean = restored([put(1, 1)]);
    expect(() => checkRestored(node, clean)).toThrow('a torn log is remembered');
    node.durable.begin({ type: 'settle' });
    expect(() => checkRestored(node, clean)).not.toThrow();
    expect(() => checkRestored(node, restored([put(1, 1)], 'torn'))).not.toThrow();
    node.durable.completed();
    expect(() => checkRestored(node, clean)).not.toThrow();
  });

  test('of a founding member that forgets that it may have been wiped is found', async () => {
    const node = machine(A, [], FIRST);
    const create = (): Promise<void> => Promise.resolve();
    const storage = new ObservedStorage({ create } as unknown as Storage, node.durable, {
      opened: () => undefined,
      stored: () => undefined,
      saved: () => undefined,
    });
    await storage.create({ clusterId: 'c', memberId: A, node: 'n1' } as never, false);
    expect(() => checkRestored(node, restored([]))).not.toThrow('a torn log is remembered');
    await storage.create({ clusterId: 'c', memberId: A, node: 'n1' } as never, true);
    expect(() => checkRestored(node, restored([]))).toThrow('a torn log is remembered');
  });

  test('that trusts a torn log is found, unless it is alone or an operator vouches', () => {
    const torn = restored(logOf(ALL), 'torn');
    const view = life(A, logOf(ALL), FIRST);
    expect(() => checkStarted(view, torn)).toThrow('a torn log is not trusted');
    expect(() => checkStarted(view, restored(logOf(ALL)))).not.toThrow();
    expect(() => checkStarted(life(A, logOf([A]), FIRST), torn)).not.toThrow();
    view.node.isVouched = true;
    expect(() => checkStarted(view, torn)).not.toThrow();
  });

  test('that lost a vote in silence, after damage, is found', () => {
    const log = new DurableLog();
    log.replaceBy({ ...restored([]), state: { term: 1, vote: B } });
    expect(log.isAheadOf(restored([]))).toBe(true);
    expect(log.isAheadOf({ ...restored([]), state: { term: 1, vote: B } })).toBe(false);
    expect(log.isAheadOf({ ...restored([]), state: { term: 2, vote: null } })).toBe(false);
  });
});

describe('a write', () => {
  test('that takes away what is committed is found', () => {
    const entries = logOf(ALL, 1, 1);
    const oracle = new Oracle(() => undefined);
    for (const entry of entries) oracle.add(entry);
    const node = machine(A, entries, FIRST);
    const write = (...fresh: Entry[]) => {
      checkStored(node, { type: 'append', batch: { state: null, entries: fresh } }, oracle);
    };
    expect(() => write(put(4, 2))).not.toThrow();
    expect(() => write(put(3, 1))).not.toThrow();
    expect(() => write(put(3, 2))).toThrow('what is committed stays');
    expect(() => write(put(2, 1))).toThrow('what is committed stays');
  });
});

describe('a message', () => {
  const head = { from: A, to: B, term: 1, seq: 1 };

  test('that confirms an entry of another log than the leader’s is found', () => {
    const node = machine(A, logOf(ALL, 1, 1), FIRST);
    const fields = { ok: true, index: 3, conflictTerm: 0, round: 0, recovery: 0 };
    const answer: WireMessage = { ...head, ...fields, type: 'append-response' };
    expect(() => checkSent(node, answer, () => 1)).not.toThrow();
    expect(() => checkSent(node, answer, () => undefined)).not.toThrow();
    expect(() => checkSent(node, answer, () => 2)).toThrow('durable before it is said');
    expect(() => checkSent(node, { ...answer, index: 4 }, () => undefined)).toThrow(
      'durable before it is said',
    );
  });

  test('that boasts of a log which is not on disk is found', () => {
    const view = life(A, logOf(ALL, 1), FIRST);
    const { node, raft } = view;
    raft.campaign();
    const { term } = raft.state;
    node.durable.begin({ type: 'append', batch: { state: { term, vote: A }, entries: [] } });
    node.durable.completed();
    Object.assign(node, { node: { raft } });
    const ask = (lastIndex: number): WireMessage => {
      return { ...head, term, type: 'vote', lastIndex, lastTerm: 1, transfer: false };
    };
    expect(() => checkSent(node, ask(2), () => undefined)).not.toThrow();
    expect(() => checkSent(node, ask(3), () => undefined)).toThrow('durable before it is said');
  });
});

describe('what the core takes for durable', () => {
  test('is found to be another entry than the disk has', () => {
    const view = life(A, logOf(ALL, 1, 2), { term: 2, vote: null });
    expect(() => checkDurableIndex(view)).not.toThrow();
    const replaced = [put(3, 3)];
    view.node.durable.begin({ type: 'append', batch: { state: null, entries: replaced } });
    view.node.durable.completed();
    expect(() => checkDurableIndex(view)).toThrow('the core knows what is durable');
  });
});

describe('a state', () => {
  test('that is another after the same entry is found', () => {
    const applies = new Applies(new Model());
    applies.matches('n1', 1, 'a');
    expect(() => applies.matches('n2', 1, 'b')).toThrow('equal states');
  });

  test('that a command led to with another answer is found', () => {
    const model = new Model();
    model.apply(put(1, 1));
    const result = { type: 'put', revision: 2, created: true, prev: null } as const;
    expect(() => model.answers(1, result)).not.toThrow();
    expect(() => model.answers(1, { ...result, created: false })).toThrow(
      'commands answer as the model',
    );
  });

  test('of which a node does not know that it is committed is found', () => {
    const view = life(A, logOf(ALL, 1), FIRST);
    const applies = new Applies(new Model());
    expect(() => applies.applied(view, 1)).toThrow('only what is committed is applied');
  });
});

describe('the end of a run', () => {
  const ended = () => {
    const world = calmWorld(3);
    world.runFor(3_000);
    expect(world.failure).toBeNull();
    const nodes = world.cluster.running;
    return { world, nodes };
  };

  test('is good when all disks have everything', () => {
    const { world, nodes } = ended();
    world.checks.finish(nodes);
    expect(() => settle(world, world.checks.powerCut(nodes, world.world.prng))).not.toThrow();
  });

  test('finds that only a minority has everything on disk', () => {
    const { world, nodes } = ended();
    const cut = world.checks.powerCut(nodes.slice(0, 1), world.world.prng);
    expect(() => settle(world, cut)).toThrow('acknowledged is kept');
  });

  test('finds a disk that lacks what it said it had', () => {
    const { world, nodes } = ended();
    for (const { durable } of nodes) {
      const more = [put(durable.lastIndex + 1, 1)];
      durable.begin({ type: 'append', batch: { state: null, entries: more } });
      durable.completed();
    }
    const cut = world.checks.powerCut(nodes, world.world.prng);
    expect(() => settle(world, cut)).toThrow('durable survives a crash');
  });

  test('finds a node that has not applied everything', () => {
    const { world, nodes } = ended();
    world.checks.oracle.add(put(world.checks.oracle.lastIndex + 1, 1));
    expect(() => world.checks.finish(nodes)).toThrow('acknowledged is kept');
  });
});
