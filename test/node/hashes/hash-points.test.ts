import { expect, test } from 'bun:test';
import { HashPoints } from '../../../src/node/hashes/hash-points.ts';

/** Points of a state that hashes to the index it has applied. */
function setup() {
  const world = { applied: 0, hashed: 0 };
  const view = {
    hash: () => {
      world.hashed += 1;
      return `h${world.applied}`;
    },
  };
  const points = new HashPoints(view, () => world.applied);
  const applyTo = (index: number): void => {
    while (world.applied < index) {
      world.applied += 1;
      points.applied(world.applied);
    }
  };
  const indexes = (): number[] => points.list().map(([index]) => index);
  return { world, points, applyTo, indexes };
}

test('the hash is taken at the same indexes by everyone, and seldom', () => {
  const { applyTo, indexes, points, world } = setup();
  applyTo(400);
  expect(indexes()).toEqual([128, 256, 384]);
  expect([points.at(256), points.at(257)]).toEqual(['h256', undefined]);
  expect(world.hashed).toBe(3);
});

test('an index that is asked for is taken once it is reached, or at once', () => {
  const { applyTo, indexes, points } = setup();
  applyTo(10);
  points.want(10);
  points.want(13);
  points.want(9);
  applyTo(20);
  expect(indexes()).toEqual([10, 13]);
  expect(points.takeNow()).toBe(20);
  expect(points.at(20)).toBe('h20');
});

test('neither what is remembered nor what is asked for grows without end', () => {
  const { applyTo, indexes, points } = setup();
  for (let index = 1; index <= 100; index += 1) points.want(2 * index + 1);
  // Of what is asked for the newest eight count: 187, 189 and so on.
  applyTo(127);
  expect(indexes()).toEqual([]);
  applyTo(128 * 1000);
  expect(indexes()).toHaveLength(256);
  expect(indexes().at(-1)).toBe(128 * 1000);
  expect(indexes()[0]).toBe(128 * 745);
});

test('of a state that was replaced nothing is said', () => {
  const { applyTo, indexes, points } = setup();
  applyTo(130);
  points.want(140);
  points.restored();
  applyTo(150);
  expect(indexes()).toEqual([]);
});
