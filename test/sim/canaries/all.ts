import type { Canary } from './canary.ts';
import { CORE } from './core.ts';
import { DRIVER } from './driver.ts';
import { ELECTIONS } from './elections.ts';
import { LEASES } from './leases.ts';
import { MEMBERSHIP } from './membership.ts';
import { READS } from './reads.ts';
import { STORAGE } from './storage.ts';
import { STORE } from './store.ts';
import { WATCHES } from './watches.ts';

/** All canaries, by what they are about. */
export const AREAS: ReadonlyMap<string, readonly Canary[]> = new Map([
  ['replication', CORE],
  ['elections', ELECTIONS],
  ['reads', READS],
  ['membership and recovery', MEMBERSHIP],
  ['log and snapshots on disk', STORAGE],
  ['the node', DRIVER],
  ['the store', STORE],
  ['leases and locks', LEASES],
  ['watches', WATCHES],
]);

export const CANARIES: readonly Canary[] = [...AREAS.values()].flat();
