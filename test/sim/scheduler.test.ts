import { drainMicrotasks } from 'bun:jsc';
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Prng } from '../../src/lib/prng.ts';
import { Lifeline } from '../../src/sim/lifeline.ts';
import { Scheduler } from '../../src/sim/scheduler.ts';
import { MachineClock, SimClock } from '../../src/sim/sim-clock.ts';

function scheduler(seed = 1): Scheduler {
  return new Scheduler(new Prng(seed), drainMicrotasks);
}

describe('Scheduler', () => {
  test('runs events in the order of their time, and none that was cancelled', () => {
    const delays = fc.array(fc.record({ ms: fc.nat(50), cancelled: fc.boolean() }));
    fc.assert(
      fc.property(delays, (events) => {
        const world = scheduler();
        const seen: number[] = [];
        for (const { ms, cancelled } of events) {
          const cancel = world.after(ms, () => seen.push(world.now));
          if (cancelled) cancel();
        }
        world.run(100);
        const due = events.filter((event) => !event.cancelled).map((event) => event.ms);
        expect(seen).toEqual(due.toSorted((a, b) => a - b));
        expect(world.now).toBe(100);
      }),
    );
  });

  test('orders events of one moment by the seed', () => {
    const orders = Array.from({ length: 20 }, (_, seed) => {
      const world = scheduler(seed);
      const seen: number[] = [];
      for (let i = 0; i < 5; i += 1) world.after(1, () => seen.push(i));
      world.run(1);
      return seen.join();
    });
    expect(new Set(orders).size).toBeGreaterThan(5);
  });

  test('runs what promises lead to before the next event', () => {
    const world = scheduler();
    const seen: string[] = [];
    world.after(1, () => {
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => seen.push('promise'));
    });
    world.after(2, () => seen.push('event'));
    world.run(3);
    expect(seen).toEqual(['promise', 'event']);
  });

  test('stops when it is told to', () => {
    const world = scheduler();
    let events = 0;
    for (let i = 0; i < 5; i += 1) world.after(i, () => (events += 1));
    world.run(10, () => events === 2);
    expect(events).toBe(2);
  });
});

describe('Lifeline', () => {
  test('holds back what reaches a stopped process, and loses what reaches a dead one', () => {
    const world = scheduler();
    const life = new Lifeline(world, () => undefined);
    const seen: string[] = [];
    life.stop();
    life.enter(() => seen.push('held'));
    expect(seen).toEqual([]);
    life.resume();
    world.run(0);
    expect(seen).toEqual(['held']);
    life.end();
    life.enter(() => seen.push('lost'));
    expect(seen).toEqual(['held']);
  });
});

describe('SimClock', () => {
  test('a timer is never early by a clock that becomes slower', () => {
    const world = scheduler();
    const machine = new MachineClock(world);
    const clock = new SimClock(machine, world, new Lifeline(world, () => undefined), 0);
    let firedAt = 0;
    clock.setTimer(100, () => {
      firedAt = clock.now();
    });
    world.after(50, () => machine.setRate(0.9));
    world.run(1_000);
    expect(firedAt).toBeGreaterThanOrEqual(99.999);
    expect(firedAt).toBeLessThan(101);
  });

  test('a cancelled timer does not fire, and none does after the end of the process', () => {
    const world = scheduler();
    const life = new Lifeline(world, () => undefined);
    const clock = new SimClock(new MachineClock(world), world, life, 0);
    const fired: number[] = [];
    clock.setTimer(1, () => fired.push(1))();
    clock.setTimer(2, () => fired.push(2));
    world.after(3, () => life.end());
    clock.setTimer(4, () => fired.push(4));
    world.run(10);
    expect(fired).toEqual([2]);
  });
});
