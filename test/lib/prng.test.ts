import { expect, test } from 'bun:test';
import { Prng } from '../../src/lib/prng.ts';

function draw(prng: Prng, count: number): number[] {
  return Array.from({ length: count }, () => prng.uint32());
}

test('a seed fixes the sequence, on every machine and for ever', () => {
  expect(draw(new Prng(42), 20)).toEqual(draw(new Prng(42), 20));
  expect(draw(new Prng(42), 4)).toMatchInlineSnapshot(`
    [
      1849552023,
      4223452576,
      118919111,
      3893884377,
    ]
  `);
});

test('other seeds give other sequences, beyond 32 bits too', () => {
  const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 40];
  const sequences = new Set(seeds.map((seed) => draw(new Prng(seed), 4).join()));
  expect(sequences.size).toBe(seeds.length);
});

test('numbers keep their bounds and reach them', () => {
  const prng = new Prng(7);
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i += 1) {
    const unit = prng.unit();
    expect(unit >= 0 && unit < 1).toBeTrue();
    seen.add(prng.between(-1, 3));
  }
  expect([...seen].toSorted((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
});

test('chance: never, always, and about as often as said', () => {
  const prng = new Prng(8);
  const hits = (probability: number): number =>
    Array.from({ length: 2000 }, () => prng.chance(probability)).filter(Boolean).length;
  expect(hits(0)).toBe(0);
  expect(hits(1)).toBe(2000);
  expect(Math.abs(hits(0.25) - 500)).toBeLessThan(80);
});

test('exponential: never below 0, with the mean that was asked for', () => {
  const prng = new Prng(11);
  const drawn = Array.from({ length: 5000 }, () => prng.exponential(20));
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.abs(drawn.reduce((sum, one) => sum + one, 0) / drawn.length - 20)).toBeLessThan(1);
});

test('logUniform: within its bounds, half of it below their geometric mean', () => {
  const prng = new Prng(12);
  const drawn = Array.from({ length: 2000 }, () => prng.logUniform(1, 10_000));
  expect(drawn.every((one) => one >= 1 && one <= 10_000)).toBeTrue();
  expect(Math.abs(drawn.filter((one) => one < 100).length - 1000)).toBeLessThan(100);
});

test('pick: every item, and none of an empty array', () => {
  const prng = new Prng(9);
  expect(new Set(Array.from({ length: 100 }, () => prng.pick(['a', 'b', 'c']))).size).toBe(3);
  expect(() => prng.pick([])).toThrow('empty');
});

test('a fork goes its own way and does not depend on what its parent draws later', () => {
  const [parent, same] = [new Prng(10), new Prng(10)];
  const [fork, sameFork] = [parent.fork(), same.fork()];
  draw(parent, 5);
  expect(draw(fork, 5)).toEqual(draw(sameFork, 5));
  expect(draw(same, 5)).not.toEqual(draw(new Prng(10).fork(), 5));
});
