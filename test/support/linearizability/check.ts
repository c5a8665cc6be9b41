/** EVERYTHING that can be checked of a history, and what came of it. */
import type { Call } from './call.ts';
import { checkCalls, resolve } from './against-changes.ts';
import { type Change, checkChanges } from './changes.ts';
import { checkRealTime } from './real-time.ts';
import { search } from './search.ts';

export interface Report {
  readonly problems: readonly string[];
  /** Groups of keys whose calls were put in an order. */
  readonly groups: number;
}

/** What one group's search may take: out of time is as bad as a violation, not as good as none. */
const SEARCH_MS = 20_000;

export function checkHistory(
  calls: readonly Call[],
  changes: readonly Change[],
  searchMs = SEARCH_MS,
): Report {
  const problems = [
    ...checkChanges(changes),
    ...checkCalls(calls, changes),
    ...checkRealTime(calls),
  ];
  const groups = Map.groupBy(resolve(calls, changes), (call) => call.group);
  for (const [group, its] of groups) {
    const verdict = search(its, searchMs);
    if (verdict.type === 'out-of-time') {
      problems.push(`${group}: no order of ${its.length} calls found in ${searchMs} ms`);
    }
    if (verdict.type === 'violation') {
      problems.push(`${group}: not linearizable\n${verdict.report}`);
    }
  }
  return { problems, groups: groups.size };
}
