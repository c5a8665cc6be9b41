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

/** All canaries, by what they are about; those too that are open. */
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

const ALL: readonly Canary[] = [...AREAS.values()].flat();

/** Those that must be found. */
export const CANARIES = ALL.filter(({ isOpen }) => isOpen !== true);

/** Those that nothing has found yet. */
export const OPEN = ALL.filter(({ isOpen }) => isOpen === true);
