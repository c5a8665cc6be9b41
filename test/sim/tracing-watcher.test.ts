/** What a checker finds is told, whatever the product does with the error. */
import { drainMicrotasks } from 'bun:jsc';
import { expect, test } from 'bun:test';
import { must } from '../../src/lib/assert.ts';
import { SimFailure } from '../../src/sim/failure.ts';
import { Simulation } from '../../src/sim/simulation.ts';

test('a failure that the process swallows fails the run', () => {
  const sim = new Simulation({ seed: 1, drain: drainMicrotasks });
  const [node] = sim.cluster.nodes;
  sim.checks.ended = () => {
    throw new SimFailure('a promise', 'broken');
  };
  expect(() => sim.world.watcher.ended(must(node, 'a node'))).toThrow('broken');
  expect(sim.failure?.invariant).toBe('a promise');
});
