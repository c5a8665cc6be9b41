import { expect, test } from 'bun:test';
import { Slices, type Steps } from '../../../src/http/answer/slices.ts';

const NEVER = { deadline: Number.POSITIVE_INFINITY, signal: null };

/** Steps that say so; the last gives the name. */
function* named(name: string, count: number, said: string[]): Steps<string> {
  for (let i = 1; i <= count; i += 1) {
    said.push(`${name}${i}`);
    yield;
  }
  return name;
}

/** One step a slice. */
function singly(now: () => number = () => 0): Slices {
  return new Slices(now, 0);
}

test('what fits into a slice is done at once', async () => {
  const said: string[] = [];
  const done = new Slices(() => 0, 1e9).run(named('a', 3, said), NEVER);
  expect(said).toEqual(['a1', 'a2', 'a3']);
  expect(await done).toBe('a');
});

test('what does not goes on in turns, and other things come in between', async () => {
  const said: string[] = [];
  const slices = singly();
  const a = slices.run(named('a', 4, said), NEVER);
  const b = slices.queued(named('b', 2, said), NEVER);
  expect(said).toEqual(['a1']);
  // One slice in each turn of the loop, in rotation, whatever else the turn brings.
  let turns = 0;
  const count = (): void => {
    turns += 1;
    said.push('.');
    if (turns < 8) setImmediate(count);
  };
  setImmediate(count);
  expect(await Promise.all([a, b])).toEqual(['a', 'b']);
  const order = said.join(' ').replaceAll(' .', '');
  expect(order).toBe('a1 a2 b1 a3 b2 a4');
  expect(said.slice(1, 8).filter((word) => word === '.').length).toBeGreaterThanOrEqual(3);
});

test('a read whose time is over, or whose client has gone, is given up', async () => {
  const said: string[] = [];
  let now = 0;
  const slices = singly(() => now);
  const late = slices.run(named('a', 9, said), { deadline: 5, signal: null });
  now = 5;
  await expect(late).rejects.toMatchObject({ code: 'read-timeout' });
  const gone = new AbortController();
  const left = slices.run(named('b', 9, said), { deadline: 9, signal: gone.signal });
  gone.abort();
  await expect(left).rejects.toMatchObject({ code: 'read-timeout' });
  expect(said).toEqual(['a1', 'b1']);
});

test('what a step throws ends that work alone', async () => {
  function* broken(): Steps<never> {
    yield;
    throw new Error('broken');
  }
  const said: string[] = [];
  const slices = singly();
  const bad = slices.run(broken(), NEVER);
  const good = slices.run(named('a', 3, said), NEVER);
  await expect(bad).rejects.toThrow('broken');
  expect(await good).toBe('a');
});
