import { describe, expect, test } from 'bun:test';
import { Progress } from '../../src/raft/progress.ts';

const WINDOW = 3;

/** A member whose log agrees up to `match`, replicating. */
function replicating(match: number): Progress {
  const progress = new Progress(match + 1);
  progress.advance(match);
  return progress;
}

describe('a probe', () => {
  test('is one message at a time', () => {
    const progress = new Progress(5);
    expect(progress.mayAppend(WINDOW)).toBe(true);
    progress.sent(1, 9);
    expect(progress.mayAppend(WINDOW)).toBe(false);
    expect(progress.nextIndex).toBe(5);
  });

  test('that is accepted begins to replicate', () => {
    const progress = new Progress(5);
    progress.sent(1, 9);
    expect(progress.advance(9)).toBe(true);
    expect([progress.state, progress.matchIndex, progress.nextIndex]).toEqual(['replicate', 9, 10]);
  });

  test('goes on when something before it is confirmed', () => {
    const progress = new Progress(5);
    progress.sent(1, 9);
    expect(progress.advance(2)).toBe(true);
    expect([progress.state, progress.matchIndex, progress.nextIndex]).toEqual(['probe', 2, 5]);
  });

  test('that is refused goes back, but not behind what is known to match', () => {
    const progress = new Progress(9);
    progress.advance(3);
    progress.regress(6);
    expect(progress.nextIndex).toBe(7);
    progress.regress(1);
    expect(progress.nextIndex).toBe(4);
  });

  test('that is lost is repeated where it was, and its late answer is understood', () => {
    const progress = new Progress(9);
    progress.sent(7, 9);
    progress.becomeProbe();
    expect([progress.nextIndex, progress.mayAppend(WINDOW)]).toEqual([9, true]);
    progress.sent(8, 9);
    expect([6, 7, 8].map((seq) => progress.awaits(seq))).toEqual([false, true, true]);
    progress.regress(4);
    expect([7, 8].map((seq) => progress.awaits(seq))).toEqual([false, false]);
  });
});

describe('replicating', () => {
  test('is optimistic, as far as the window allows', () => {
    const progress = replicating(4);
    for (const [seq, last] of [6, 7, 9].entries()) progress.sent(seq, last);
    expect([progress.nextIndex, progress.mayAppend(WINDOW)]).toEqual([10, false]);
    progress.inflight.delete(0);
    expect(progress.mayAppend(WINDOW)).toBe(true);
  });

  test('falls back to what is known to match when an append is lost', () => {
    const progress = replicating(4);
    progress.sent(1, 8);
    expect(progress.tick(2)).toBe(false);
    expect(progress.tick(2)).toBe(true);
    progress.becomeProbe();
    expect([progress.state, progress.nextIndex]).toEqual(['probe', 5]);
  });

  test('awaits only answers to what is under way', () => {
    const progress = replicating(4);
    progress.sent(7, 8);
    expect([6, 7, 8].map((seq) => progress.awaits(seq))).toEqual([false, true, false]);
  });

  test('learns nothing from an answer that is older', () => {
    const progress = replicating(4);
    expect(progress.advance(3)).toBe(false);
    expect(progress.matchIndex).toBe(4);
  });
});

describe('a snapshot', () => {
  test('holds everything up until it is sent', () => {
    const progress = replicating(4);
    progress.becomeSnapshot(20);
    expect(progress.mayAppend(WINDOW)).toBe(false);
    progress.becomeProbe();
    expect([progress.state, progress.nextIndex]).toEqual(['probe', 21]);
  });

  test('has nothing to do with appends that left before it', () => {
    const progress = replicating(4);
    progress.sent(7, 5);
    progress.becomeSnapshot(20);
    expect([progress.inflight.size, progress.awaits(7)]).toEqual([0, false]);
    expect(progress.tick(1)).toBe(false);
  });

  test('is over when the member confirms as much', () => {
    const progress = replicating(4);
    progress.becomeSnapshot(20);
    progress.advance(19);
    expect(progress.state).toBe('snapshot');
    progress.advance(20);
    expect([progress.state, progress.nextIndex]).toEqual(['replicate', 21]);
  });
});

test('a pause lasts its ticks, or until the member is heard', () => {
  const progress = replicating(4);
  progress.backoffTicks = 2;
  progress.tick(9);
  expect(progress.mayAppend(WINDOW)).toBe(false);
  progress.tick(9);
  expect(progress.mayAppend(WINDOW)).toBe(true);
  progress.backoffTicks = 2;
  progress.heard();
  expect(progress.mayAppend(WINDOW)).toBe(true);
  expect(progress.silentTicks).toBe(0);
});

test('of a member that may have lost its log nothing counts any more', () => {
  const progress = replicating(4);
  progress.ackedRound = 3;
  progress.forget(77, 50);
  expect([progress.matchIndex, progress.ackedRound, progress.minSeq]).toEqual([0, 0, 50]);
  expect(progress.recovery).toBe(77);
});
