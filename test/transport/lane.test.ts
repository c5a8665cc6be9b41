import { expect, test } from 'bun:test';
import { Lane } from '../../src/transport/lane.ts';
import { ManualClock } from './manual-clock.ts';

test('as many as it is wide, and again when one leaves', () => {
  const lane = new Lane(new ManualClock(), 2, 0);
  expect([lane.tryEnter(), lane.tryEnter(), lane.tryEnter()]).toEqual([true, true, false]);
  lane.leave();
  expect([lane.tryEnter(), lane.tryEnter()]).toEqual([true, false]);
});

test('those who wait come in the order of their arrival', async () => {
  const clock = new ManualClock();
  const lane = new Lane(clock, 1, 2);
  expect(await lane.enter(100)).toBe(true);
  const order: string[] = [];
  const first = lane.enter(100).then((turn) => order.push(`first ${turn}`));
  const second = lane.enter(100).then((turn) => order.push(`second ${turn}`));
  expect(await lane.enter(100)).toBe(false);
  lane.leave();
  lane.leave();
  await Promise.all([first, second]);
  expect(order).toEqual(['first true', 'second true']);
  expect(clock.pending).toBe(0);
  expect(lane.tryEnter()).toBe(false);
  lane.leave();
  expect(lane.tryEnter()).toBe(true);
});

test('whoever waits too long gives up its place', async () => {
  const clock = new ManualClock();
  const lane = new Lane(clock, 1, 1);
  expect(lane.tryEnter()).toBe(true);
  const late = lane.enter(50);
  clock.advance(50);
  expect(await late).toBe(false);
  lane.leave();
  expect(lane.tryEnter()).toBe(true);
});

test('a lane that closes sends away all that wait', async () => {
  const lane = new Lane(new ManualClock(), 1, 5);
  expect(lane.tryEnter()).toBe(true);
  const waiting = [lane.enter(50), lane.enter(50)];
  lane.close();
  expect(await Promise.all(waiting)).toEqual([false, false]);
});
