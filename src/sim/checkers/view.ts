/** What the checkers remember of one life of a node, to see what changed since they last looked. */
import type { MemberId } from '../../lib/ids.ts';
import type { Configuration } from '../../raft/configuration.ts';
import type { Entry, LogIndex } from '../../raft/entry.ts';
import { type StateSummary, summarize } from '../../raft/invariants.ts';
import type { Raft } from '../../raft/raft.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import type { SimNode } from '../sim-node.ts';
import { votersIn } from './quorums.ts';

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
  /** Who was removed and speaks in this step, and what the node was like before. */
  deafTo: { readonly from: MemberId; readonly state: string } | null = null;
  /** As a leader: what it takes to match, as last seen. */
  readonly matches = new Map<MemberId, LogIndex>();
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

  constructor(node: SimNode, raft: Raft, applied: LogIndex) {
    this.node = node;
    this.raft = raft;
    this.before = summarize(raft.state);
    this.votersBefore = votersIn(raft.state.history.latest);
    this.committed = raft.state.log.baseIndex;
    this.applied = applied;
  }

  /** Takes note of how things are now. */
  update(): void {
    this.before = summarize(this.raft.state);
    this.votersBefore = votersIn(this.raft.state.history.latest);
    this.heard = [];
    this.installed = 0;
  }
}
