import { drainMicrotasks } from 'bun:jsc';
import { DEFAULT_LIMITS } from '../../../src/node/options.ts';
import type { Profile } from '../../../src/sim/profile.ts';
import { PERFECT_NETWORK } from '../../../src/sim/sim-network.ts';
import { type RunReport, Simulation, type SimulationOptions } from '../../../src/sim/simulation.ts';
import type { Sabotage } from '../../../src/sim/world.ts';

/** A world in which nothing goes wrong by itself. */
export const CALM: Partial<Profile> = {
  timing: { tickMs: 10, heartbeatMs: 100, electionMs: 300 },
  limits: DEFAULT_LIMITS,
  segmentBytes: 2 ** 20,
  network: PERFECT_NETWORK,
  disk: { smallMs: 0.1, syncMs: 1 },
  encode: true,
  processorMs: 0,
  faults: new Map(),
};

export function calmWorld(size: number, profile: Partial<Profile> = {}): Simulation {
  return new Simulation({
    seed: 1,
    drain: drainMicrotasks,
    profile: { ...CALM, size, ...profile },
  });
}

export function runSeed(
  seed: number,
  profile: Partial<Profile> = {},
  sabotage: Sabotage = {},
  options: Partial<SimulationOptions> = {},
): RunReport {
  return new Simulation({ seed, drain: drainMicrotasks, profile, sabotage, ...options }).run();
}

/** Lets the world go on until a promise has settled. */
export function settle<T>(world: Simulation, promise: Promise<T>, ms = 60_000): T {
  let settled: { readonly value: T } | null = null;
  let rejected: { readonly error: unknown } | null = null;
  promise.then(
    (value) => {
      settled = { value };
    },
    (error: unknown) => {
      rejected = { error };
    },
  );
  world.runFor(ms, () => settled !== null || rejected !== null);
  if (world.failure !== null) throw world.failure;
  const failed = rejected as { readonly error: unknown } | null;
  if (failed !== null) throw failed.error;
  const done = settled as { readonly value: T } | null;
  if (done === null) throw new Error(`not settled within ${ms} ms`);
  return done.value;
}
