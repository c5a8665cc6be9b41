import { describe, expect, test } from 'bun:test';
import type { LeaseId } from '../../../src/kv/command.ts';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { LeaseKeeper } from '../../../src/node/leases/lease-keeper.ts';
import { keepAlive, remainingOf } from '../../../src/node/leases/lease-operations.ts';
import type { Command } from '../../../src/raft/entry.ts';
import type { Raft } from '../../../src/raft/raft.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { grant, id } from '../../kv/support/commands.ts';
import { ManualClock } from '../support/manual-clock.ts';

const ID = id('7');

/** A keeper over a machine with a lease of ten seconds, whose role and entries the test says. */
function setup(tickMs = 50) {
  const clock = new ManualClock();
  const machine = new StateMachine();
  machine.apply(grant('7', 10), 1, 1);
  const proposed: Command[] = [];
  let takes = true;
  const state = { role: { name: 'follower', noopIndex: 0 }, term: 1 };
  const raft = {
    state,
    propose: (command: Command) => {
      if (takes) proposed.push(command);
      return takes ? { ok: true, entry: { json: JSON.stringify(command) } } : { ok: false };
    },
  } as unknown as Raft;
  const driver = { input: <T>(tell: (core: Raft) => T): T => tell(raft) };
  const bytes: number[] = [];
  const time = { now: () => clock.wallNow() };
  const admission = { took: (count: number) => bytes.push(count) };
  const keeper = new LeaseKeeper({ machine, raft, driver, admission, clock, time, tickMs });
  const lead = (term: number): void => {
    state.role = { name: 'leader', noopIndex: machine.appliedIndex + 1 };
    state.term = term;
  };
  const applyNoop = (): void => {
    machine.skip(machine.appliedIndex + 1, state.term);
    keeper.applied(null);
  };
  const apply = (command: Command): void => {
    keeper.applied(machine.apply(command, machine.appliedIndex + 1, state.term));
  };
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += tickMs) {
      clock.jump(tickMs);
      keeper.tick();
    }
  };
  const refuse = (): void => {
    takes = false;
  };
  const follow = (): void => {
    state.role = { name: 'follower', noopIndex: 0 };
  };
  return { clock, machine, keeper, proposed, bytes, lead, applyNoop, apply, pass, refuse, follow };
}

function codeOf(act: () => unknown): string {
  try {
    return String(act());
  } catch (error) {
    return error instanceof ApiError ? error.code : 'another error';
  }
}

describe('a node is in charge', () => {
  test('once it leads and has applied an entry of its term, until it leads no more', () => {
    const { keeper, lead, applyNoop, follow, pass } = setup();
    const ask = (): string => codeOf(() => keeper.keepAlive(ID));
    expect(ask()).toBe('no-leader');
    lead(2);
    expect(ask()).toBe('no-leader');
    pass(60_000);
    applyNoop();
    expect([ask(), keeper.requireTerm(), keeper.remaining(ID)]).toEqual(['kept', 2, 10_000]);
    follow();
    expect(ask()).toBe('no-leader');
  });

  test('anew in each term, whether or not the end of the one before was noticed', () => {
    const { keeper, lead, applyNoop, pass } = setup();
    lead(2);
    applyNoop();
    pass(6000);
    expect(keeper.remaining(ID)).toBeLessThan(6000);
    lead(4);
    expect(codeOf(() => keeper.remaining(ID))).toBe('no-leader');
    applyNoop();
    expect([keeper.requireTerm(), keeper.remaining(ID)]).toEqual([4, 10_000]);
  });
});

describe('what is due', () => {
  test('is proposed in the name of the term, and counted as taken', () => {
    const { keeper, proposed, bytes, lead, applyNoop, apply, pass } = setup();
    lead(2);
    applyNoop();
    pass(2000);
    expect(proposed).toMatchObject([{ kind: 'lease-checkpoint', term: 2 }]);
    pass(11_000);
    const checkpoints = proposed.slice(0, -1);
    expect(checkpoints).toEqual(checkpoints.filter(({ kind }) => kind === 'lease-checkpoint'));
    const expiry = { kind: 'lease-expire', term: 2, id: ID, epoch: 1, requestId: null };
    expect(proposed.at(-1)).toMatchObject(expiry);
    expect(bytes.length).toBe(proposed.length);
    expect([keeper.expiring, keeper.expired]).toEqual([1, 0]);
    for (const command of proposed.splice(0)) apply(command);
    expect([keeper.expiring, keeper.expired]).toEqual([0, 1]);
  });

  test('and refused is proposed again', () => {
    const { keeper, proposed, lead, applyNoop, follow, pass, refuse, bytes } = setup();
    lead(2);
    applyNoop();
    pass(13_000);
    const before = proposed.filter(({ kind }) => kind === 'lease-expire').length;
    pass(6000);
    expect(proposed.filter(({ kind }) => kind === 'lease-expire').length).toBe(before + 1);
    const taken = bytes.length;
    refuse();
    pass(6000);
    expect([bytes.length, keeper.expiring]).toEqual([taken, 1]);
    follow();
    keeper.tick();
    expect(keeper.expiring).toBe(0);
  });

  test('is proposed by nobody but a leader that has begun', () => {
    const { proposed, lead, applyNoop, follow, pass } = setup();
    pass(60_000);
    lead(2);
    pass(60_000);
    applyNoop();
    follow();
    pass(60_000);
    expect(proposed).toEqual([]);
  });

  test('waits a moment after a pause of the process', () => {
    const { clock, keeper, proposed, lead, applyNoop, pass } = setup();
    lead(2);
    applyNoop();
    pass(100);
    clock.jump(60_000);
    keeper.tick();
    pass(900);
    expect(proposed).toEqual([]);
    pass(200);
    expect(proposed.map(({ kind }) => kind)).toEqual(['lease-expire']);
  });

  test('does not wait for ever where ticks are rare', () => {
    const { proposed, lead, applyNoop, pass } = setup(2000);
    lead(2);
    applyNoop();
    pass(20_000);
    expect(proposed.map(({ kind }) => kind)).toContain('lease-expire');
  });
});

describe('what is asked of a leader', () => {
  const room = { hasRoom: true };
  const inLog = () =>
    Promise.resolve({ type: 'lease-kept', revision: 1, id: ID, ttl: 10 } as const);

  function parts(barrier: () => Promise<void>) {
    const world = setup();
    world.lead(2);
    world.applyNoop();
    const { keeper: leases, machine } = world;
    const given = { leases, view: machine.view, reads: { ...room, barrier }, propose: inLog };
    return { world, given };
  }

  test('has no answer by one whose term ended while the quorum was asked', async () => {
    for (const operation of [keepAlive, remainingOf]) {
      const { world, given } = parts(() => {
        world.lead(3);
        world.applyNoop();
        return Promise.resolve();
      });
      await expect(operation(given, ID, 1000)).rejects.toMatchObject({ code: 'no-leader' });
    }
  });

  test('knows a lease that was granted while the quorum was asked, and none beside', async () => {
    let asked = 0;
    const { world, given } = parts(() => {
      asked += 1;
      if (asked === 1) world.apply(grant('8', 5));
      return Promise.resolve();
    });
    expect(await keepAlive(given, '8' as LeaseId, 1000)).toBe(5);
    expect(await keepAlive(given, '9' as LeaseId, 1000)).toBeNull();
    expect(asked).toBe(3);
  });

  test('may or may not have happened when no quorum answers in time', async () => {
    const { given } = parts(() => Promise.reject(new ApiError('read-timeout', 'late')));
    await expect(keepAlive(given, ID, 1000)).rejects.toMatchObject({ code: 'timeout' });
    await expect(keepAlive(given, '9' as LeaseId, 1000)).rejects.toMatchObject({
      code: 'read-timeout',
    });
  });

  test('is refused before it has an effect when too many wait', async () => {
    const { world, given } = parts(() => Promise.resolve());
    world.pass(5000);
    const full = { ...given, reads: { ...given.reads, hasRoom: false } };
    await expect(keepAlive(full, ID, 1000)).rejects.toMatchObject({ code: 'too-many-requests' });
    expect(world.keeper.remaining(ID)).toBeLessThan(6000);
  });
});
