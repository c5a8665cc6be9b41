/** Signals and timers, as the client uses those of the machine. */
import { expect, spyOn, test } from 'bun:test';
import { link, onAbort } from '../../src/client/abort.ts';
import { systemClock } from '../../src/client/clock.ts';

test('a signal gets one listener, however many listen; each is called once', () => {
  const aborter = new AbortController();
  const added = spyOn(aborter.signal, 'addEventListener');
  const called: number[] = [];
  const stops = Array.from({ length: 20 }, (_, i) => onAbort(aborter.signal, () => called.push(i)));
  expect(added).toHaveBeenCalledTimes(1);
  stops[3]?.();
  // One may make another stop listening while they are told.
  onAbort(aborter.signal, () => stopLast());
  const stopLast = onAbort(aborter.signal, () => called.push(99));
  aborter.abort();
  aborter.abort();
  expect(called).toEqual(Array.from({ length: 20 }, (_, i) => i).filter((i) => i !== 3));
});

test('a linked signal fires with the reason of the first; unlinked it does not', () => {
  const one = new AbortController();
  const other = new AbortController();
  const linked = link([one.signal, undefined, other.signal]);
  const unlinked = link([one.signal, other.signal]);
  unlinked.unlink();
  other.abort('other');
  one.abort('one');
  expect(linked.signal.reason).toBe('other');
  expect(unlinked.signal.aborted).toBe(false);
  expect(link([undefined, one.signal]).signal.reason).toBe('one');
});

test('a time that is over already is no negative time', () => {
  const set = spyOn(globalThis, 'setTimeout');
  try {
    systemClock.setTimer(-5, () => undefined)();
    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([0]);
  } finally {
    set.mockRestore();
  }
});
