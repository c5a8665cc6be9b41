import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { KvCommand, LeaseId } from '../../src/kv/command.ts';
import { LEASE_TIMING, LeaseTimers, type LeaseTiming } from '../../src/kv/lease-timers.ts';
import { checkpoint, expire, grant, id, keepAlive, revoke } from './support/commands.ts';
import { Rig } from './support/rig.ts';

/** A leader without a log: what is proposed is applied at once, if the test says so. */
class Leader {
  readonly rig: Rig;
  readonly timers: LeaseTimers;
  now: number;

  constructor(rig: Rig = new Rig(), now = 0, timing: LeaseTiming = LEASE_TIMING) {
    this.rig = rig;
    this.now = now;
    this.timers = new LeaseTimers((lease) => this.rig.view.lease(lease), timing);
    this.timers.begin(now, rig.view.allLeases());
  }

  apply(...commands: readonly KvCommand[]): this {
    for (const command of commands) this.timers.applied(this.rig.apply(command), this.now);
    return this;
  }

  /** The ids whose expiry is offered at a time. */
  expireAt(now: number): LeaseId[] {
    this.now = now;
    return this.timers.due(now).expire.map((stamp) => stamp.id);
  }

  /** The first whole millisecond from a time on at which something is offered. */
  firstExpiry(from = this.now): number {
    for (let now = Math.ceil(from); ; now += 1) if (this.expireAt(now).length > 0) return now;
  }

  keepAlive(lease: string): string {
    return this.timers.keepAlive(id(lease), this.now);
  }

  remaining(lease: string): number | null {
    return this.timers.remaining(id(lease), this.now);
  }

  /** Applies the checkpoints that are due. */
  checkpointAt(now: number): number[] {
    this.now = now;
    const { checkpoint: due } = this.timers.due(now);
    for (const { id: lease, remaining, epoch } of due) {
      this.apply(checkpoint(lease, remaining, epoch, this.rig.term));
    }
    return due.map(({ remaining }) => remaining);
  }
}

/** Ten seconds on a leader's clock that is as fast as may be, and a holder's as slow. */
const TEN = 12_223;

describe('a lease ends', () => {
  test('not before the time is over by the slowest clock, if the leader has the fastest', () => {
    const leader = new Leader().apply(grant('7', 10));
    expect(leader.firstExpiry()).toBe(TEN);
  });

  test('later by what it was kept alive', () => {
    const leader = new Leader().apply(grant('7', 10));
    leader.now = 9000;
    expect(leader.keepAlive('7')).toBe('kept');
    expect(leader.firstExpiry()).toBe(9000 + TEN);
  });

  test('later by a keepalive in the log', () => {
    const leader = new Leader().apply(grant('7', 10));
    leader.now = 9000;
    leader.apply(keepAlive('7'));
    expect(leader.firstExpiry()).toBe(9000 + TEN);
  });

  test('not when it has ended otherwise', () => {
    const leader = new Leader().apply(grant('7', 10), revoke('7'));
    expect(leader.keepAlive('7')).toBe('unknown');
    expect([leader.timers.size, leader.expireAt(1e9)]).toEqual([0, []]);
  });

  test('an answer that is given again does not renew it', () => {
    const leader = new Leader();
    const named = keepAlive('7', { requestId: 'c.1' });
    leader.apply(grant('7', 10), named);
    leader.now = 9000;
    leader.apply(named);
    expect(leader.firstExpiry()).toBe(TEN);
  });
});

describe('what is offered and not carried out', () => {
  test('is offered again, a while later', () => {
    const leader = new Leader().apply(grant('7', 10));
    expect(leader.firstExpiry()).toBe(TEN);
    expect(leader.timers.expiring).toBe(1);
    expect(leader.firstExpiry(TEN + 1)).toBe(TEN + LEASE_TIMING.retryMs);
    expect(leader.timers.expiring).toBe(1);
  });

  test('is offered again no later for a refusal, which renews nothing', () => {
    const leader = new Leader().apply(grant('7', 10));
    expect(leader.firstExpiry()).toBe(TEN);
    // Stamped by an older leader: the log has it after an entry of this one.
    leader.rig.term = 2;
    expect(leader.rig.apply(expire('7', 1, 1)).type).toBe('lease-alive');
    leader.apply(expire('7', 1, 1));
    expect([leader.timers.expiring, leader.keepAlive('7')]).toEqual([1, 'log']);
    expect(leader.firstExpiry(TEN + 1)).toBe(TEN + LEASE_TIMING.retryMs);
  });

  test('once an expiry is offered, only the log can say that the lease lives', () => {
    const leader = new Leader().apply(grant('7', 10));
    leader.firstExpiry();
    expect(leader.keepAlive('7')).toBe('log');
    leader.apply(keepAlive('7'));
    expect([leader.keepAlive('7'), leader.timers.expiring]).toEqual(['kept', 0]);
    leader.apply(expire('7', 1, 1));
    expect(leader.rig.view.leaseCount).toBe(1);
    expect(leader.firstExpiry()).toBe(2 * TEN);
  });

  test('the expiry names the lease as it was when its time ran out', () => {
    const leader = new Leader().apply(grant('7', 10), keepAlive('7'));
    expect(leader.timers.due(1e6).expire).toEqual([{ id: id('7'), epoch: 2 }]);
    leader.apply(expire('7', 2, 1));
    expect([leader.rig.view.leaseCount, leader.timers.size, leader.timers.expiring]).toEqual([
      0, 0, 0,
    ]);
  });
});

describe('a new leader', () => {
  test('gives a lease its whole time anew', () => {
    const { rig } = new Leader().apply(grant('7', 10));
    expect(new Leader(rig, 50_000).firstExpiry()).toBe(50_000 + TEN);
  });

  test('or what the last checkpoint left', () => {
    const old = new Leader().apply(grant('7', 10));
    expect(old.checkpointAt(9167)).toEqual([2500]);
    // 9167 by its clock are at least 7500 by any other's.
    expect(new Leader(old.rig, 50_000).firstExpiry()).toBe(50_000 + Math.ceil((2500 * 11) / 9));
  });

  test('then a keepalive must be in the log', () => {
    const old = new Leader().apply(grant('7', 10));
    old.checkpointAt(9167);
    expect(old.keepAlive('7')).toBe('log');
    const leader = new Leader(old.rig, 50_000);
    expect(leader.keepAlive('7')).toBe('log');
    leader.apply(keepAlive('7'));
    expect(leader.keepAlive('7')).toBe('kept');
    expect(leader.firstExpiry()).toBe(50_000 + TEN);
  });

  test('takes leases over in steps, and those that are asked for at once', () => {
    const { rig } = new Leader().apply(grant('1', 10), grant('2', 10), grant('3', 10));
    const leader = new Leader(rig, 1000, { ...LEASE_TIMING, leasesPerStep: 1 });
    leader.now = 5000;
    expect([leader.timers.size, leader.remaining('3'), leader.timers.size]).toEqual([0, 6728, 1]);
    leader.apply(revoke('2'));
    leader.expireAt(5000);
    expect(leader.timers.size).toBe(2);
    // Whenever it is looked at, its time began with the leader's.
    expect(leader.expireAt(1000 + TEN - 1)).toEqual([]);
    expect(leader.expireAt(1000 + TEN).toSorted()).toEqual([id('1'), id('3')]);
  });

  test('that leads no more offers nothing', () => {
    const leader = new Leader().apply(grant('7', 10));
    leader.timers.end();
    expect([leader.timers.size, leader.expireAt(1e9)]).toEqual([0, []]);
  });
});

describe('checkpoints', () => {
  const seconds = (n: number): number => Math.ceil((n * 1000 * 11) / 9);

  test('of half the time, then of each tenth until the end', () => {
    const leader = new Leader().apply(grant('7', 10));
    expect(leader.checkpointAt(seconds(5) - 1)).toEqual([]);
    expect(leader.checkpointAt(seconds(5))).toEqual([5000]);
    expect(leader.checkpointAt(seconds(5))).toEqual([]);
    expect(leader.checkpointAt(seconds(6) + 1)).toEqual([3999]);
    expect(leader.checkpointAt(seconds(9.5))).toEqual([500]);
    expect(leader.checkpointAt(seconds(9.9))).toEqual([]);
  });

  test('soon, then of each tenth, of what a leader took over and has not renewed', () => {
    const { rig } = new Leader().apply(grant('7', 40), grant('8', 40));
    const leader = new Leader(rig, 1000);
    leader.checkpointAt(1000);
    expect(leader.keepAlive('8')).toBe('kept');
    const seen: number[] = [];
    for (let now = 1000; now < 1000 + seconds(18); now += 1) {
      const lefts = leader.checkpointAt(now);
      seen.push(...lefts.map((left) => Math.round((40_000 - left) / 100) / 10));
    }
    expect(seen).toEqual([0.5, 1, 2, 4, 8, 12, 16]);
    expect(leader.keepAlive('8')).toBe('kept');
  });

  test.each([1, 10, 60, 600])('let a lease of %d s end however often leaders change', (ttl) => {
    let { rig } = new Leader().apply(grant('7', ttl));
    let ended = 0;
    for (let begun = 0; begun < 10_000 * ttl && ended === 0; begun += 2000) {
      const leader = new Leader(rig, begun);
      for (let now = begun; now < begun + 2000 && ended === 0; now += 100) {
        leader.checkpointAt(now);
        if (leader.timers.expiring > 0) ended = now;
      }
      ({ rig } = leader);
    }
    expect(ended).toBeGreaterThanOrEqual(1000 * ttl);
    expect(ended).toBeLessThan(2.5 * 1000 * ttl);
  });

  test('of five minutes, when the time is longer', () => {
    const leader = new Leader().apply(grant('7', 3600));
    expect(leader.checkpointAt(seconds(299))).toEqual([]);
    expect(leader.checkpointAt(seconds(300))).toEqual([3_300_000]);
    expect(leader.checkpointAt(seconds(599))).toEqual([]);
    expect(leader.checkpointAt(seconds(600) + 1)).toEqual([2_999_999]);
  });

  test('not of a lease that is kept alive', () => {
    const leader = new Leader().apply(grant('7', 10));
    for (let i = 1; i < 10; i += 1) {
      expect(leader.checkpointAt(seconds(4 * i))).toEqual([]);
      expect(leader.keepAlive('7')).toBe('kept');
    }
  });

  test('not of a lease whose expiry is offered', () => {
    const leader = new Leader().apply(grant('7', 10));
    expect(leader.checkpointAt(seconds(10))).toEqual([]);
    expect([leader.timers.expiring, leader.keepAlive('7')]).toEqual([1, 'log']);
  });

  test('at most a thousand at once', () => {
    const leader = new Leader();
    for (let i = 1; i <= 1500; i += 1) leader.apply(grant(`${i}`, 10));
    expect(leader.checkpointAt(seconds(5))).toHaveLength(1000);
    expect(leader.checkpointAt(seconds(5))).toHaveLength(500);
  });
});

describe('what is left', () => {
  test('runs down, and is never more than the whole nor less than nothing', () => {
    const leader = new Leader().apply(grant('7', 11));
    const left = [0, 11_001, 13_444, 1e9].map((now) => leader.timers.remaining(id('7'), now));
    expect(left).toEqual([11_000, 2000, 1, 0]);
    expect(leader.remaining('8')).toBeNull();
  });
});

describe('many leases that end together', () => {
  test('are offered at a bounded rate', () => {
    const timing = { ...LEASE_TIMING, expiriesPerSecond: 100, pendingExpiries: 1e6 };
    const leader = new Leader(new Rig(), 0, timing);
    for (let i = 1; i <= 500; i += 1) leader.apply(grant(`${i}`, 10));
    leader.expireAt(TEN - 1000);
    let offered = leader.expireAt(TEN).length;
    expect(offered).toBe(100);
    for (let now = TEN; now < TEN + 2000; now += 10) offered += leader.expireAt(now + 10).length;
    expect(offered).toBe(300);
  });

  test('only so many are on their way through the log', () => {
    const timing = { ...LEASE_TIMING, pendingExpiries: 5 };
    const leader = new Leader(new Rig(), 0, timing);
    for (let i = 1; i <= 8; i += 1) leader.apply(grant(`${i}`, 10));
    const first = leader.expireAt(20_000);
    expect([first.length, leader.expireAt(20_500).length]).toEqual([5, 0]);
    leader.apply(expire(first[0] ?? '', Number(first[0]), 1));
    expect(leader.expireAt(20_600)).toHaveLength(1);
  });

  test('an idle hour earns no more than a second', () => {
    const leader = new Leader(new Rig(), 0, { ...LEASE_TIMING, pendingExpiries: 1e6 });
    for (let i = 1; i <= 2500; i += 1) leader.apply(grant(`${i}`, 10));
    expect(leader.expireAt(3_600_000)).toHaveLength(1000);
  });
});

/** What a holder, the leaders and the log do in a run; all of it by chance. */
const anyRun = fc.record({
  ttl: fc.integer({ min: 1, max: 30 }),
  holderRate: fc.constantFrom(0.9, 1, 1.1),
  steps: fc.array(
    fc.record({
      /** True time, ms. */
      wait: fc.integer({ min: 0, max: 4000 }),
      keepAlive: fc.boolean(),
      commit: fc.boolean(),
      newLeader: fc.option(fc.constantFrom(0.9, 1, 1.1), { freq: 6 }),
      losesTail: fc.boolean(),
    }),
    { minLength: 30, maxLength: 60, size: 'max' },
  ),
});

test('no lease ends early, whatever the clocks, leaders and delays; all end at last', () => {
  let expired = 0;
  let renewed = 0;
  fc.assert(
    fc.property(anyRun, ({ ttl, holderRate, steps }) => {
      let time = 0;
      let rate = 1.1;
      let leader = new Leader().apply(grant('7', ttl));
      const { rig } = leader;
      /** Proposed, in order; the time the holder asked for the keepalives among them. */
      let tail: { readonly command: KvCommand; readonly asked: number | null }[] = [];
      let lastAsked = 0;
      const commit = (): void => {
        for (const { command, asked } of tail) {
          const result = rig.apply(command);
          const { type } = result;
          leader.timers.applied(result, leader.now);
          if (type === 'lease-kept' && asked !== null) lastAsked = asked;
          if (type !== 'lease-expired') continue;
          expired += 1;
          expect((time - lastAsked) * holderRate).toBeGreaterThanOrEqual(ttl * 1000 - 1e-6);
        }
        tail = [];
      };
      const look = (): void => {
        const due = leader.timers.due(leader.now);
        for (const { id: lease, epoch } of due.expire) {
          tail.push({ command: expire(lease, epoch, rig.term), asked: null });
        }
        for (const { id: lease, epoch, remaining } of due.checkpoint) {
          tail.push({ command: checkpoint(lease, remaining, epoch, rig.term), asked: null });
        }
      };
      for (const step of steps) {
        time += step.wait;
        leader.now += step.wait * rate;
        if (step.keepAlive) {
          const answer = leader.keepAlive('7');
          if (answer === 'kept') lastAsked = time;
          if (answer === 'log') tail.push({ command: keepAlive('7'), asked: time });
          if (answer !== 'unknown') renewed += 1;
        }
        look();
        if (step.newLeader !== null) {
          if (step.losesTail) tail = [];
          commit();
          rate = step.newLeader;
          rig.term += 1;
          rig.machine.skip(rig.machine.appliedIndex + 1, rig.term);
          leader = new Leader(rig, time);
        }
        if (step.commit) commit();
      }
      for (let i = 0; i < 60 && rig.view.leaseCount > 0; i += 1) {
        time += 1000;
        leader.now += 1000 * rate;
        look();
        commit();
      }
      expect(rig.view.leaseCount).toBe(0);
    }),
    { seed: 1, numRuns: 300 },
  );
  expect([expired >= 300, renewed > 3000]).toEqual([true, true]);
});
