/**
 * WHAT A SEED DRAWS for a whole run: the size of the cluster, its timing and limits, the manners of
 * network and disks, and which faults exist at all and how often they come (swarm testing: faults
 * that are always there hide those that need their absence).
 */
import type { Prng } from '../lib/prng.ts';
import { DEFAULT_LIMITS, type NodeLimits, type Timing } from '../node/options.ts';
import { FAULT_NAMES, type FaultName } from './fault-names.ts';
import type { DiskProfile } from './sim-disk.ts';
import { type NetworkProfile, PERFECT_NETWORK } from './sim-network.ts';

export interface Profile {
  /** Founding members. */
  readonly size: number;
  readonly timing: Timing;
  readonly limits: NodeLimits;
  /** A log segment is followed by another at this size. */
  readonly segmentBytes: number;
  readonly network: NetworkProfile;
  readonly disk: DiskProfile;
  /** Messages are written out and read again on the way. */
  readonly encode: boolean;
  /** What the code between two looks at the clock takes, ms. */
  readonly processorMs: number;
  readonly clients: number;
  /** Mean pause of a client between two operations, ms. */
  readonly thinkMs: number;
  readonly keys: number;
  /** The faults that exist, each with the mean time between two of it, ms. */
  readonly faults: ReadonlyMap<FaultName, number>;
  /** How long the faults last, at least, ms. */
  readonly safetyMs: number;
  readonly operations: number;
}

/** How many kinds of fault a run has at the very least. */
const FAULTS_MIN = 3;

/** They come as seldom as the budget lets them, and of each there are many kinds. */
const DAMAGES: readonly FaultName[] = ['bit-flip', 'damage', 'wipe'];
const DAMAGE_SHARE = 0.4;

const TIMINGS: readonly Timing[] = [
  { tickMs: 20, heartbeatMs: 100, electionMs: 300 },
  { tickMs: 10, heartbeatMs: 50, electionMs: 200 },
  { tickMs: 20, heartbeatMs: 100, electionMs: 500 },
  { tickMs: 50, heartbeatMs: 200, electionMs: 1000 },
];

/** More of them pause longer: what they do together in good times is the same. */
const CLIENTS_MIN = 6;

const SIZES = [1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7];

export function drawProfile(prng: Prng): Profile {
  const timing = prng.pick(TIMINGS);
  const clients = prng.between(CLIENTS_MIN, 24);
  return {
    size: prng.pick(SIZES),
    timing,
    limits: drawLimits(prng),
    segmentBytes: prng.pick([2_000, 10_000, 50_000, 2 ** 20]),
    network: drawNetwork(prng, timing),
    disk: { smallMs: prng.pick([0.02, 0.1]), syncMs: prng.pick([0.5, 2, 10]) },
    encode: prng.chance(0.25),
    processorMs: prng.pick([0, 0, 0.01, 1]),
    clients,
    thinkMs: (prng.pick([20, 80, 200]) * clients) / CLIENTS_MIN,
    keys: prng.between(1, 8),
    faults: drawFaults(prng),
    safetyMs: 30_000,
    operations: 500,
  };
}

function drawLimits(prng: Prng): NodeLimits {
  return {
    ...DEFAULT_LIMITS,
    // As little history as in life is kept for a day's writes.
    historyRevisions: prng.pick([10, 100, 10_000]),
    historyAgeMs: prng.pick([500, 5_000]),
    historyAskMs: 300,
    historyBytes: prng.pick([4_000, DEFAULT_LIMITS.historyBytes]),
    quotaBytes: prng.pick([0, 0, 0, 20_000]),
    hashCheckMs: prng.pick([200, 1_000]),
    // In life it is 64 MiB: here a snapshot comes every few seconds.
    snapshotWalBytes: prng.pick([2_000, 10_000, 40_000, 2 ** 20]),
    retainEntries: prng.pick([0, 3, 20, 200]),
    reserveBytes: prng.pick([0, 1_000]),
    appendBytes: prng.pick([300, 3_000, 2 ** 20]),
    snapshotChunkBytes: prng.pick([100, 1_000, 10_000, 2 ** 20]),
  };
}

function drawNetwork(prng: Prng, { electionMs }: Timing): NetworkProfile {
  const some = (rate: number): number => (prng.chance(0.5) ? prng.unit() * rate : 0);
  return {
    lossRate: some(0.3) * (prng.chance(0.5) ? 1 : prng.unit()),
    unevenLoss: prng.chance(0.5),
    duplicateRate: some(0.5),
    replayRate: some(0.1),
    delayMinMs: prng.pick([PERFECT_NETWORK.delayMinMs, PERFECT_NETWORK.delayMinMs, 5, 30]),
    // An election wants three times as long for the way there and back.
    delayMeanMs: Math.min(prng.pick([0.5, 2, 10, 30, 100]), electionMs / 6),
    tailRate: some(0.02),
    tailMs: 12 * electionMs,
    inOrder: prng.chance(0.3),
  };
}

function drawFaults(prng: Prng): ReadonlyMap<FaultName, number> {
  const drawn = new Map<FaultName, number>();
  const add = (name: FaultName): void => {
    drawn.set(name, prng.pick([2_000, 4_000, 8_000, 16_000]));
  };
  const share = prng.pick([0.1, 0.2, 0.35]);
  for (const name of FAULT_NAMES) {
    if (prng.chance(DAMAGES.includes(name) ? DAMAGE_SHARE : share)) add(name);
  }
  while (drawn.size < FAULTS_MIN) add(prng.pick(FAULT_NAMES));
  return drawn;
}
