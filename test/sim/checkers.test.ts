import { describe, expect, test } from 'bun:test';
import type { KeyValue, KvCommand } from '../../src/kv/command.ts';
import { must } from '../../src/lib/assert.ts';
import { bytesOfText } from '../../src/lib/bytes.ts';
import type { MemberId } from '../../src/lib/ids.ts';
import { createEntry } from '../../src/raft/entry.ts';
import { Linearizability } from '../../src/sim/checkers/linearizability.ts';
import { Model } from '../../src/sim/checkers/model.ts';
import { Oracle } from '../../src/sim/checkers/oracle.ts';
import { Coverage, EVENTS } from '../../src/sim/coverage.ts';
import { DurableLog } from '../../src/sim/durable-log.ts';
import { tooSeldom } from '../../src/sim/floors.ts';
import type { Operation, Outcome, Request } from '../../src/sim/history.ts';
import type { Restored } from '../../src/storage/storage.ts';
import { calmWorld } from './support/world.ts';

const KEY = bytesOfText('k');

function put(index: number, value: string, requestId: string | null = null) {
  const kv: KvCommand = {
    v: 1,
    kind: 'put',
    requestId,
    at: 0,
    by: null,
    key: KEY,
    value: bytesOfText(value),
    condition: null,
    prev: false,
  };
  return createEntry(index, 1, kv);
}

/** A history over a log, one step at a time. */
class History {
  readonly model = new Model();
  readonly oracle = new Oracle((entry) => this.model.apply(entry));
  readonly checker = new Linearizability(this.model, () => this.oracle.lastIndex);

  invoke(request: Request): Operation {
    const operation: Operation = {
      client: 1,
      number: 1,
      request,
      invokedAt: 0,
      endedAt: null,
      outcome: null,
    };
    this.checker.invoked(operation);
    return operation;
  }

  end(operation: Operation, outcome: Outcome): void {
    operation.outcome = outcome;
    this.checker.ended(operation);
  }

  write(value: string): Operation {
    const proposal = {
      kind: 'put',
      key: KEY,
      value: bytesOfText(value),
      condition: null,
      prev: false,
    } as const;
    return this.invoke({ type: 'write', proposal, requestId: value, value: proposal.value });
  }

  written(operation: Operation, revision: number, created: boolean): void {
    this.end(operation, {
      type: 'written',
      result: { type: 'put', revision, created, prev: null },
    });
  }

  read(): Operation {
    return this.invoke({ type: 'read', range: { key: KEY }, revision: 0, serializable: false });
  }

  seen(operation: Operation, appliedIndex: number): void {
    const pairs = this.model.read({ key: KEY }, 0, appliedIndex) as KeyValue[];
    this.end(operation, { type: 'read', seen: { pairs, fault: null, appliedIndex } });
  }
}

describe('Linearizability', () => {
  test('takes a history that is linearizable', () => {
    const history = new History();
    const a = history.write('a');
    const read = history.read();
    history.oracle.add(put(1, 'a', 'a'));
    history.written(a, 2, true);
    history.seen(read, 0);
    history.seen(history.read(), 1);
    history.checker.finish();
    expect(history.checker.operations).toHaveLength(3);
  });

  test('finds a read that misses a write which was acknowledged before', () => {
    const history = new History();
    const a = history.write('a');
    history.oracle.add(put(1, 'a', 'a'));
    history.written(a, 2, true);
    const read = history.read();
    expect(() => history.seen(read, 0)).toThrow('linearizability');
  });

  test('finds a write that answers something else', () => {
    const history = new History();
    const a = history.write('a');
    history.oracle.add(put(1, 'a', 'a'));
    expect(() => history.written(a, 3, true)).toThrow('writes answer as the model');
  });

  test('finds an acknowledgement of what is not committed', () => {
    const history = new History();
    const a = history.write('a');
    expect(() => history.written(a, 2, true)).toThrow('acknowledged is committed');
  });

  test('finds a refused write that happened', () => {
    const history = new History();
    history.end(history.write('a'), { type: 'refused', code: 'no-leader' });
    history.oracle.add(put(1, 'a', 'a'));
    expect(() => history.checker.finish()).toThrow('refused is without effect');
  });

  test('finds a write that took effect before it was asked for', () => {
    const history = new History();
    history.oracle.add(put(1, 'b', 'b'));
    history.oracle.add(put(2, 'c', 'c'));
    history.seen(history.read(), 2);
    history.end(history.write('b'), { type: 'unknown', code: 'timeout' });
    expect(() => history.checker.finish()).toThrow('linearizability');
  });
});

describe('Model', () => {
  test('carries a named request out once', () => {
    const model = new Model();
    model.apply(put(1, 'a', 'r'));
    model.apply(put(2, 'b'));
    model.apply(put(3, 'a', 'r'));
    expect(model.standAt(3).revision).toBe(3);
    expect(model.read({ key: KEY }, 0, 3)).toMatchObject([{ value: bytesOfText('b') }]);
    expect(model.repeated).toBe(1);
  });

  test('finds a repetition that is answered otherwise than at first, but for one forgotten', () => {
    const model = new Model();
    model.apply(put(1, 'a', 'r'));
    model.apply(put(2, 'b'));
    model.apply(put(3, 'a', 'r'));
    model.apply(put(4, 'other', 'r'));
    const first = { type: 'put', revision: 2, created: true, prev: null } as const;
    const due = model.resultAt(1);
    expect(due).toMatchObject({ type: 'put', revision: 2 });
    expect(() => model.answers(3, due ?? first)).not.toThrow();
    expect(() => model.answers(3, { type: 'request-expired', revision: 3 })).not.toThrow();
    expect(() => model.answers(3, { ...first, revision: 3 })).toThrow('commands answer as');
    expect(() => model.answers(2, { type: 'request-expired', revision: 3 })).toThrow();
    expect(() => model.answers(4, { type: 'request-mismatch', revision: 3 })).not.toThrow();
    expect(() => model.answers(4, due ?? first)).toThrow('commands answer as the model');
  });
});

describe('DurableLog', () => {
  const restored = (last: number, vote: string | null): Restored => ({
    identity: null,
    state: { term: 1, vote: vote as MemberId | null },
    snapshot: null,
    entries: Array.from({ length: last }, (_, at) => put(at + 1, 'x')),
    tail: 'clean',
    findings: [],
  });
  const written = (): DurableLog => {
    const log = new DurableLog();
    const state = { term: 1, vote: '7' as MemberId };
    log.begin({ type: 'append', batch: { state, entries: [put(1, 'x'), put(2, 'x')] } });
    log.completed();
    log.begin({ type: 'append', batch: { state: null, entries: [put(3, 'x')] } });
    return log;
  };

  test('takes what was durable, and what was under way as well', () => {
    expect(written().objection(restored(2, '7'))).toBeNull();
    expect(written().objection(restored(3, '7'))).toBeNull();
  });

  test('takes term and vote of a torn batch without its entries', () => {
    const log = written();
    const state = { term: 2, vote: null };
    log.begin({ type: 'append', batch: { state, entries: [put(3, 'x')] } });
    expect(log.objection({ ...restored(2, '7'), state, tail: 'torn' })).toBeNull();
    expect(log.objection({ ...restored(2, '7'), state })).not.toBeNull();
  });

  test('is ahead of less, but not of an end that was being cut off', () => {
    const log = written();
    log.completed();
    log.begin({ type: 'append', batch: { state: null, entries: [put(2, 'y')] } });
    expect(log.isAheadOf(restored(3, '7'))).toBe(false);
    expect(log.isAheadOf(restored(2, '7'))).toBe(false);
    expect(log.isAheadOf(restored(1, '7'))).toBe(true);
    log.completed();
    log.begin({ type: 'append', batch: { state: null, entries: [put(3, 'z')] } });
    expect(log.isAheadOf(restored(1, '7'))).toBe(true);
  });

  test('objects to less, to more, and to another vote', () => {
    expect(written().objection(restored(1, '7'))).toContain('log ends at 1');
    expect(written().objection(restored(4, '7'))).toContain('log ends at 4');
    expect(written().objection(restored(2, null))).toContain('vote');
  });
});

describe('SimNode', () => {
  test('a damaged disk had the copies that were confirmed before, until they are made good', () => {
    const [node] = calmWorld(1).cluster.nodes;
    const { durable } = must(node, 'node');
    durable.begin({ type: 'append', batch: { state: null, entries: [put(1, 'x')] } });
    durable.completed();
    node?.damaged();
    durable.replaceBy({
      identity: null,
      state: { term: 1, vote: null },
      snapshot: null,
      entries: [],
      tail: 'torn',
      findings: [],
    });
    expect([node?.isDamaged, node?.holds(1, 1), node?.holds(1, 2)]).toEqual([true, true, false]);
    node?.madeGood();
    expect([node?.isDamaged, node?.holds(1, 1)]).toEqual([false, false]);
  });
});

describe('tooSeldom', () => {
  test('is content with enough, and names what is missing', () => {
    const much = new Coverage();
    for (const event of EVENTS) much.count(event, 1_000_000);
    const some = Coverage.from({ ...much.toJSON(), run: 100, crash: 1 });
    expect(tooSeldom(Coverage.from({ ...much.toJSON(), run: 100 }))).toEqual([]);
    expect(tooSeldom(some)).toEqual(['crash: 1 of 1000']);
    expect(tooSeldom(Coverage.from({ run: 99 }))).toEqual([]);
  });
});
