/** WHAT A WATCH TOLD against the changes: in order, each once, whole, nothing missing. */
import type { Change } from './changes.ts';

/**
 * @param told the changes that one reader was told, in order, over all its connections
 * @param changes all there were, from the first revision the reader asked for
 */
export function checkWatched(told: readonly Change[], changes: readonly Change[]): string[] {
  const problems: string[] = [];
  for (const [i, change] of told.entries()) {
    const before = told[i - 1];
    if (before !== undefined && change.revision <= before.revision) {
      const how = change.revision === before.revision ? 'twice or in pieces' : 'out of order';
      problems.push(`revision ${change.revision} is told ${how}, behind ${before.revision}`);
    }
  }
  if (problems.length > 0) return problems;
  const due = new Map(changes.map((change) => [change.revision, JSON.stringify(change)]));
  for (const change of told) {
    const text = due.get(change.revision);
    due.delete(change.revision);
    if (JSON.stringify(change) === text) continue;
    problems.push(`revision ${change.revision} is told as ${JSON.stringify(change)}, not ${text}`);
  }
  for (const revision of due.keys()) problems.push(`revision ${revision} was never told`);
  return problems;
}
