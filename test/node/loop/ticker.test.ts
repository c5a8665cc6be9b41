import { expect, test } from 'bun:test';
import { Delays } from '../../../src/node/delays.ts';
import { Ticker } from '../../../src/node/loop/ticker.ts';
import { Waiters } from '../../../src/node/loop/waiters.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';
import { watch } from '../support/outcome.ts';

test('ticks come as time passes', async () => {
  const clock = new ManualClock();
  let ticks = 0;
  const ticker = new Ticker(clock, 10, () => {
    ticks += 1;
  });
  ticker.start();
  await clock.advance(1000);
  expect(ticks).toBe(100);
  ticker.stop();
  await clock.advance(1000);
  expect([ticks, clock.timers]).toEqual([100, 0]);
});

test('after a long stall only a few ticks come at once, and none is made up for', async () => {
  const clock = new ManualClock();
  let ticks = 0;
  const ticker = new Ticker(clock, 10, () => {
    ticks += 1;
  });
  ticker.start();
  clock.jump(60_000);
  await clock.advance(0);
  expect(ticks).toBe(4);
  await clock.advance(100);
  expect(ticks).toBe(14);
});

test('a ticker that is stopped by its own tick is stopped', async () => {
  const clock = new ManualClock();
  const ticker: Ticker = new Ticker(clock, 10, () => ticker.stop());
  ticker.start();
  await clock.advance(100);
  expect(clock.timers).toBe(0);
});

test('waits end when their index is reached, or the node ends', async () => {
  let index = 5;
  const waiters = new Waiters(() => index);
  const outcomes = [5, 6, 7].map((wanted) => watch(waiters.whenReached(wanted)));
  index = 6;
  waiters.advanced();
  await turn();
  expect(outcomes.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'open']);
  waiters.abandon(new Error('stopped'));
  const late = watch(waiters.whenReached(8));
  await turn();
  expect([outcomes[2]?.state, late.state]).toEqual(['rejected', 'rejected']);
});

test('pauses end when the node does, and leave no timer', async () => {
  const clock = new ManualClock();
  const delays = new Delays(clock);
  const brief = watch(delays.sleep(10));
  const long = watch(delays.sleep(10_000));
  await clock.advance(10);
  expect([brief.value, long.state]).toEqual([true, 'open']);
  delays.close();
  const late = watch(delays.sleep(10));
  await turn();
  expect([long.value, late.value, clock.timers]).toEqual([false, false, 0]);
});
