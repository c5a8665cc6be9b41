/** What a checker finds is told, whatever the product does with the error. */
import { drainMicrotasks } from 'bun:jsc';
import { expect, test } from 'bun:test';
import { must } from '../../src/lib/assert.ts';
import { DEFAULT_LIMITS } from '../../src/node/options.ts';
import { SimFailure } from '../../src/sim/failure.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { calmWorld } from './support/world.ts';

const broken = (): never => {
  throw new SimFailure('a promise', 'broken');
};

test('a failure that the process swallows fails the run', () => {
  const sim = calmWorld(1);
  const [node] = sim.cluster.nodes;
  sim.checks.ended = broken;
  expect(() => sim.world.watcher.ended(must(node, 'a node'))).toThrow('broken');
  expect(sim.failure?.invariant).toBe('a promise');
});

test.each(['event', 'opened', 'stored', 'started', 'stepped', 'sent', 'received'] as const)(
  'a checker of what is %s fails the run',
  (hook) => {
    const sim = calmWorld(3);
    sim.checks[hook] = broken;
    sim.runFor(5_000);
    expect(sim.failure?.invariant).toBe('a promise');
  },
);

/** Snapshots all the time, and no entries for who lags. */
const LIMITS = { ...DEFAULT_LIMITS, snapshotWalBytes: 2_000, retainEntries: 0 };

test.each(['saved', 'snapshotConfirmed'] as const)(
  'a checker of what is %s fails a whole run',
  (hook) => {
    const profile = { size: 5, limits: LIMITS };
    const sim = new Simulation({ seed: 8, drain: drainMicrotasks, profile });
    sim.checks[hook] = broken;
    expect(sim.run().failure?.invariant).toBe('a promise');
  },
);
