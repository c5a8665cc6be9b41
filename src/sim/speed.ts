/**
 * HOW FAST the simulator is: a cluster of three under fifty operations of clients a second, with
 * every invariant checked after every event.
 */
import { DEFAULT_LIMITS } from '../node/options.ts';
import type { Profile } from './profile.ts';
import { PERFECT_NETWORK } from './sim-network.ts';
import { Simulation } from './simulation.ts';

const LENGTH_MS = 120_000;
const CLIENTS = 5;
/** So that there are fifty on the average of the whole run, whose end is without clients. */
const OPERATIONS_PER_SECOND = 65;
/** What an operation takes on top of the pause before it, about, ms. */
const OPERATION_MS = 8;

const STEADY: Partial<Profile> = {
  size: 3,
  timing: { tickMs: 20, heartbeatMs: 100, electionMs: 300 },
  limits: DEFAULT_LIMITS,
  segmentBytes: 2 ** 20,
  network: PERFECT_NETWORK,
  disk: { smallMs: 0.1, syncMs: 1 },
  encode: false,
  processorMs: 0,
  clients: CLIENTS,
  thinkMs: (1000 * CLIENTS) / OPERATIONS_PER_SECOND - OPERATION_MS,
  keys: 8,
  faults: new Map(),
  safetyMs: LENGTH_MS,
  operations: OPERATIONS_PER_SECOND * (LENGTH_MS / 1000),
};

export interface Speed {
  readonly simulatedMs: number;
  readonly operations: number;
  /** Of whatever clock was given. */
  readonly tookMs: number;
}

/** One such run. @param now a clock, ms. @throws Error when the run fails. */
export function measureSpeed(seed: number, drain: () => void, now: () => number): Speed {
  const started = now();
  const report = new Simulation({ seed, drain, profile: STEADY, trace: false }).run();
  if (report.failure !== null) throw new Error(report.failure.message);
  const { simulatedMs, coverage } = report;
  return { simulatedMs, operations: coverage.of('operation'), tookMs: now() - started };
}
