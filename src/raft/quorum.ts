import type { MemberId } from '../lib/ids.ts';
import type { LogIndex } from './entry.ts';

/** The smallest number of `voters` that is more than half of them (§5.2). */
export function majority(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** Whether the voters for whom `holds` is true are a majority. No voters are never a majority. */
export function hasQuorum(voters: readonly MemberId[], holds: (id: MemberId) => boolean): boolean {
  let count = 0;
  for (const id of voters) if (holds(id)) count += 1;
  return voters.length > 0 && count >= majority(voters.length);
}

/** The largest value that a majority of voters has reached; 0 without voters (§5.3, §5.4). */
export function quorumIndex(
  voters: readonly MemberId[],
  valueOf: (id: MemberId) => LogIndex,
): LogIndex {
  if (voters.length === 0) return 0;
  const values = voters.map(valueOf).sort((a, b) => b - a);
  return values[majority(voters.length) - 1] ?? 0;
}

/** The state of an election: won, lost (a majority can no longer agree), or still open. */
export function tally(
  voters: readonly MemberId[],
  votes: ReadonlyMap<MemberId, boolean>,
): 'won' | 'lost' | 'open' {
  if (hasQuorum(voters, (id) => votes.get(id) === true)) return 'won';
  const canStillWin = hasQuorum(voters, (id) => votes.get(id) !== false);
  return canStillWin ? 'open' : 'lost';
}
