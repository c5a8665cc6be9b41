/**
 * A CUT RUN: the same world, in which the faults end earlier, or some of them never come. Where a
 * seed fails, the smallest cut that still fails says what it takes (shrink.ts).
 */
import { FAULT_NAMES, type FaultName } from './fault-names.ts';
import type { Profile } from './profile.ts';
import { PERFECT_NETWORK } from './sim-network.ts';

/** What can be left out: a kind of fault, or all bad manners of the network. */
export type CutName = FaultName | 'network';

export interface Cut {
  /** Faults and clients end then, ms; null for as long as the seed has them. */
  readonly untilMs: number | null;
  readonly without: readonly CutName[];
}

export function isCutName(name: string): name is CutName {
  return name === 'network' || FAULT_NAMES.some((one) => one === name);
}

export const UNCUT: Cut = { untilMs: null, without: [] };

export function cutProfile(profile: Profile, { untilMs, without }: Cut): Profile {
  const faults = new Map([...profile.faults].filter(([name]) => !without.includes(name)));
  const network = without.includes('network') ? PERFECT_NETWORK : profile.network;
  const length = untilMs === null ? {} : { safetyMs: untilMs, operations: 0 };
  return { ...profile, ...length, faults, network };
}

/** What of a world can be left out. */
export function cuttable({ faults, network }: Profile): CutName[] {
  return [...faults.keys(), ...(network === PERFECT_NETWORK ? [] : (['network'] as const))];
}

/** The flags of `sim` that make the cut. */
export function flagsOf({ untilMs, without }: Cut): string {
  const until = untilMs === null ? '' : ` --until ${untilMs}`;
  return until + (without.length === 0 ? '' : ` --without ${without.join(',')}`);
}
