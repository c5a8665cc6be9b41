import { describe, expect, test } from 'bun:test';
import { Reads } from '../../../src/node/loop/reads.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';
import { watch } from '../support/outcome.ts';

function setup(max = 100) {
  const clock = new ManualClock();
  const world = { asked: [] as number[], applied: 0, hasLeader: true };
  const reads = new Reads({
    clock,
    ask: (context) => world.asked.push(context),
    appliedIndex: () => world.applied,
    hasLeader: () => world.hasLeader,
    firstContext: 1000,
    attemptMs: 200,
    max,
  });
  const read = (timeoutMs = 1000, signal: AbortSignal | null = null) =>
    watch(reads.barrier({ deadline: clock.now() + timeoutMs, signal }));
  const pass = (ms: number): void => {
    clock.jump(ms);
    reads.tick();
  };
  return { clock, world, reads, read, pass };
}

describe('a read', () => {
  test('shares its question with those that wait, and none that is under way', async () => {
    const { world, reads, read } = setup();
    const first = read();
    const second = read();
    const third = read();
    expect(world.asked).toEqual([1001]);
    reads.answered(1001, 0);
    await turn();
    expect([first.state, second.state, third.state]).toEqual(['resolved', 'open', 'open']);
    expect(world.asked).toEqual([1001, 1002]);
    reads.answered(1002, 0);
    await turn();
    expect([second.state, third.state, reads.count]).toEqual(['resolved', 'resolved', 0]);
  });

  test('waits until as much is applied', async () => {
    const { world, reads, read } = setup();
    const one = read();
    reads.answered(1001, 7);
    world.applied = 6;
    reads.advanced();
    await turn();
    expect(one.state).toBe('open');
    world.applied = 7;
    reads.advanced();
    await turn();
    expect(one.state).toBe('resolved');
  });

  test('is asked anew under another number, and late answers are nothing to it', async () => {
    const { world, reads, read, pass } = setup();
    const one = read();
    pass(199);
    expect(world.asked).toEqual([1001]);
    pass(1);
    expect(world.asked).toEqual([1001, 1002]);
    reads.answered(1001, 0);
    await turn();
    expect(one.state).toBe('open');
    reads.answered(1002, 0);
    await turn();
    expect(one.state).toBe('resolved');
  });

  test('is asked anew at the next tick when leadership could not be confirmed', () => {
    const { world, reads, read, pass } = setup();
    read();
    reads.answered(1001, null);
    expect(world.asked).toEqual([1001]);
    pass(10);
    expect(world.asked).toEqual([1001, 1002]);
  });

  test('is asked once a leader is known', () => {
    const { world, read, pass } = setup();
    world.hasLeader = false;
    read();
    pass(10);
    expect(world.asked).toEqual([]);
    world.hasLeader = true;
    pass(10);
    expect(world.asked).toEqual([1001]);
  });

  test.each(['gathering', 'asked', 'applying'])('ends at its deadline while %s', async (stage) => {
    const { reads, read, pass } = setup();
    if (stage === 'gathering') read(5000);
    const one = read(95);
    if (stage === 'applying') reads.answered(1001, 7);
    pass(94);
    await turn();
    expect(one.state).toBe('open');
    pass(1);
    await turn();
    expect([one.code, one.applied]).toEqual(['read-timeout', 'no']);
    expect(reads.count).toBe(stage === 'gathering' ? 1 : 0);
  });

  test('whose client is gone is dropped', async () => {
    const { reads, read, pass } = setup();
    const client = new AbortController();
    const one = read(10_000, client.signal);
    const other = read(10_000);
    client.abort();
    pass(100);
    await turn();
    expect([one.code, other.state, reads.count]).toEqual(['request-timeout', 'open', 1]);
  });

  test('beyond as many as may wait is refused', async () => {
    const { reads, read } = setup(2);
    const outcomes = [read(), read(), read()];
    await turn();
    expect(outcomes.map(({ code }) => code)).toEqual(['open', 'open', 'too-many-requests']);
    reads.answered(1001, 0);
    await turn();
    expect(read().state).toBe('open');
  });

  test('ends when the node does, and so does any that comes later', async () => {
    const { reads, read } = setup();
    const open = [read(), read()];
    reads.abandon(new ApiError('shutting-down', 'stops'));
    const late = read();
    await turn();
    expect([...open, late].map(({ code }) => code)).toEqual(Array(3).fill('shutting-down'));
    expect(reads.count).toBe(0);
  });
});
