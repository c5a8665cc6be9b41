/**
 * QUORUMS, as the checkers count them. They share no function with the core here, or a bug in it
 * would be one in them, and nobody would see it.
 */
import type { MemberId } from '../../lib/ids.ts';
import type { Configuration } from '../../raft/configuration.ts';

export function votersIn({ members }: Configuration): readonly MemberId[] {
  return members.flatMap(({ id, learner }) => (learner ? [] : [id]));
}

/** The smallest number of voters that is more than half of them. */
export function majority(voters: number): number {
  return Math.trunc((voters + 2) / 2);
}
