import type { MemberId } from '../../lib/ids.ts';
import type { LogIndex } from '../../raft/entry.ts';

/** What members said their states hashed to, by member and applied index. */
export type HashReports = ReadonlyMap<MemberId, ReadonlyMap<LogIndex, string>>;

/** A member whose state differs from the one that a majority of the voters has. */
export interface Divergence {
  readonly member: MemberId;
  readonly index: LogIndex;
  readonly hash: string;
  /** Of the majority at the same index. */
  readonly majorityHash: string;
}

export interface HashVerdict {
  /** Members whose state was compared with that of a majority, and is the same. */
  readonly equal: readonly MemberId[];
  readonly divergent: readonly Divergence[];
  /** Members differ, and no majority says who is right. */
  readonly undecided: UndecidedHashes | null;
}

export interface UndecidedHashes {
  readonly index: LogIndex;
  readonly hashes: ReadonlyMap<MemberId, string>;
}

/**
 * Whose state is right, by the word of a majority of all voters, be they heard or not. Each member
 * is judged where it was seen last beside such a majority; of who was never seen there nothing is
 * known, and nothing is said.
 */
export function judgeHashes(voters: readonly MemberId[], reports: HashReports): HashVerdict {
  const indexes = new Set([...reports.values()].flatMap((points) => [...points.keys()]));
  const newestFirst = [...indexes].toSorted((a, b) => b - a);
  const judged = new Map<MemberId, Divergence | null>();
  let undecided: UndecidedHashes | null = null;
  for (const index of newestFirst) {
    const hashes = hashesAt(index, reports);
    const majorityHash = majorityOf(voters, hashes);
    if (majorityHash === null) {
      const differ = new Set(hashes.values()).size > 1;
      if (differ && undecided === null) undecided = { index, hashes };
      continue;
    }
    for (const [member, hash] of hashes) {
      if (judged.has(member)) continue;
      judged.set(member, hash === majorityHash ? null : { member, index, hash, majorityHash });
    }
  }
  const divergent = [...judged.values()].filter((one) => one !== null);
  const equal = [...judged].filter(([, one]) => one === null).map(([member]) => member);
  // Who is known to be wrong explains the rest, and is dealt with first.
  return { equal, divergent, undecided: divergent.length > 0 ? null : undecided };
}

function hashesAt(index: LogIndex, reports: HashReports): Map<MemberId, string> {
  const hashes = new Map<MemberId, string>();
  for (const [member, points] of reports) {
    const hash = points.get(index);
    if (hash !== undefined) hashes.set(member, hash);
  }
  return hashes;
}

/** The hash that more than half of the voters have, if there is one. */
function majorityOf(
  voters: readonly MemberId[],
  hashes: ReadonlyMap<MemberId, string>,
): string | null {
  const counts = new Map<string, number>();
  for (const voter of voters) {
    const hash = hashes.get(voter);
    if (hash === undefined) continue;
    const count = (counts.get(hash) ?? 0) + 1;
    if (count > voters.length / 2) return hash;
    counts.set(hash, count);
  }
  return null;
}
