/**
 * WHO COULD BE ELECTED, going by logs alone (§5.4.1): a node whose log is no older than those of a
 * majority of the voters it goes by. However the network behaves, nobody else can.
 */
import type { MemberId } from '../../lib/ids.ts';
import type { LogEnd } from '../../raft/message.ts';
import { majority } from './quorums.ts';

export interface Elector {
  readonly id: MemberId;
  readonly end: LogEnd;
  /** It may have lost what it confirmed, and votes for nobody before that is settled. */
  readonly isRecovering: boolean;
  /** The voters it goes by; null while it is down. */
  readonly voters: readonly MemberId[] | null;
}

/** The voters by which somebody could be elected, each set once. */
export function usableVoters(electors: readonly Elector[]): readonly (readonly MemberId[])[] {
  const usable = new Map<string, readonly MemberId[]>();
  for (const { voters, end, isRecovering } of electors) {
    if (voters === null || voters.length === 0 || isRecovering) continue;
    const name = [...voters].sort().join();
    if (usable.has(name)) continue;
    const votes = electors.filter(
      (other) => voters.includes(other.id) && !other.isRecovering && isNoNewer(other.end, end),
    );
    if (votes.length >= majority(voters.length)) usable.set(name, voters);
  }
  return [...usable.values()];
}

/** Whether there are a majority of `a` and a majority of `b` that have nobody in common. */
export function mayPart(a: readonly MemberId[], b: readonly MemberId[]): boolean {
  const common = a.filter((id) => b.includes(id)).length;
  const fromCommon = (voters: readonly MemberId[]): number =>
    Math.max(0, majority(voters.length) - (voters.length - common));
  return fromCommon(a) + fromCommon(b) <= common;
}

function isNoNewer(a: LogEnd, b: LogEnd): boolean {
  return a.lastTerm === b.lastTerm ? a.lastIndex <= b.lastIndex : a.lastTerm < b.lastTerm;
}
