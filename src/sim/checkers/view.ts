/** What the checkers remember of one life of a node, to see what changed since they last looked. */
import type { MemberId } from '../../lib/ids.ts';
import type { Configuration } from '../../raft/configuration.ts';
import type { Entry, LogIndex, Term } from '../../raft/entry.ts';
import { type StateSummary, summarize } from '../../raft/invariants.ts';
import type { Raft } from '../../raft/raft.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import type { SimNode } from '../sim-node.ts';
import { votersIn } from './quorums.ts';

const NO_ROUND = { term: 0, round: 0, reads: 0 };

export class View {
  readonly node: SimNode;
  readonly raft: Raft;
  before: StateSummary;
  votersBefore: readonly MemberId[];
  committed: LogIndex;
  applied: LogIndex;
  /** The log as last seen, by index. */
  readonly log = new Map<LogIndex, Entry>();
  /** What it heard in this step, and the snapshot that it installed in it; 0 for none. */
  heard: WireMessage[] = [];
  installed: LogIndex = 0;
  /** What it has confirmed in a term: as long as that lasts, its log reaches as far. */
  confirmed: { readonly term: Term; readonly index: LogIndex } = { term: 0, index: 0 };
  /** The read round that it has last been seen in, and how many reads that serves. */
  round: { readonly term: Term; readonly round: number; readonly reads: number } = NO_ROUND;
  /** The recovery that it began with, before that is settled and after; 0 for none. */
  readonly recovery: number;
  /** The questions of its surveys, and how far the logs reach of those who have answered. */
  readonly surveys = new Set<number>();
  readonly reports = new Map<MemberId, LogIndex>();
  /** What it held before its disk was damaged, as far as that was committed by its start. */
  owed: LogIndex = 0;
  /** Who was removed and speaks in this step, and what the node was like before. */
  deafTo: { readonly from: MemberId; readonly state: string } | null = null;
  /** As a leader: what it takes to match, as last seen. */
  readonly matches = new Map<MemberId, { matchIndex: LogIndex; recovery: number }>();
  /** The membership it goes by and where its log begins, as last seen; null before the first. */
  latest: Configuration | null = null;
  base: LogIndex = 0;
  /** The snapshot that it has saved in this step; 0 for none. */
  savedAt: LogIndex = 0;
  /** When it was last seen, and for how long its disk has been stuck while it led, ms. */
  steppedAt = 0;
  isStuck = false;
  stuckMs = 0;
  /** An entry of its log has been replaced since. */
  isRewritten = false;
  /** The membership that `votersBefore` is of. */
  #votersOf: Configuration;

  constructor(node: SimNode, raft: Raft, applied: LogIndex) {
    this.node = node;
    this.raft = raft;
    this.before = summarize(raft.state);
    this.#votersOf = raft.state.history.latest;
    this.votersBefore = votersIn(this.#votersOf);
    this.committed = raft.state.log.baseIndex;
    this.applied = applied;
    this.recovery = raft.state.recovery?.id ?? 0;
  }

  /** Takes note of how things are now. */
  update(): void {
    this.before = summarize(this.raft.state);
    const { latest } = this.raft.state.history;
    if (latest !== this.#votersOf) this.votersBefore = votersIn(latest);
    this.#votersOf = latest;
    this.heard = [];
    this.installed = 0;
  }
}
