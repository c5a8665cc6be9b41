import type { KvChange, KvEvent } from './event.ts';
import { type RevisionFault, revisionFault } from './range-query.ts';
import type { Bounds } from './scan.ts';
import { isTombstone, prevOf, recordList, type Versions } from './versions.ts';

/** A stretch of history. */
export interface Replay {
  readonly type: 'replay';
  /** Ascending; only the events of keys that were asked for, and no change without one. */
  readonly changes: readonly KvChange[];
  /** Where to go on: everything before it has been looked at. */
  readonly next: number;
}

/**
 * What happened to a range of keys from a revision on, for watches that begin in the past. It stops
 * when it has gone through `budget` changes, after a whole revision, so that a step is short; it
 * has reached the present when `next` is beyond the newest revision, where there is nothing yet.
 */
export function replay(
  versions: Versions,
  { start, end }: Bounds,
  from: number,
  budget: number,
): Replay | RevisionFault {
  const { revision } = versions;
  const fault = from > revision + 1 ? null : revisionFault(versions, Math.min(from, revision));
  if (fault !== null) return fault;
  const changes: KvChange[] = [];
  let seen = 0;
  let next = from;
  while (next <= revision && seen < budget) {
    const list = recordList(versions.log.get(next) ?? []);
    const events: KvEvent[] = [];
    for (const kv of list) {
      if (kv.key < start || (end !== null && kv.key >= end)) continue;
      events.push({
        type: isTombstone(kv) ? 'delete' : 'put',
        kv,
        prev: prevOf(versions, kv),
      });
    }
    if (events.length > 0) changes.push({ revision: next, events });
    seen += Math.max(1, list.length);
    next += 1;
  }
  return { type: 'replay', changes, next };
}
