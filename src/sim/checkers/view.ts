/** What the checkers remember of one life of a node, to see what changed since they last looked. */
import type { MemberId } from '../../lib/ids.ts';
import type { Entry, LogIndex } from '../../raft/entry.ts';
import { type StateSummary, summarize } from '../../raft/invariants.ts';
import type { Raft } from '../../raft/raft.ts';
import type { SimNode } from '../sim-node.ts';

export class View {
  readonly node: SimNode;
  readonly raft: Raft;
  before: StateSummary;
  votersBefore: readonly MemberId[];
  committed: LogIndex;
  applied: LogIndex;
  /** The log as last seen, by index. */
  readonly log = new Map<LogIndex, Entry>();
  wasRecovering: boolean;

  constructor(node: SimNode, raft: Raft, applied: LogIndex) {
    this.node = node;
    this.raft = raft;
    this.before = summarize(raft.state);
    this.votersBefore = raft.state.voters;
    this.committed = raft.state.log.baseIndex;
    this.applied = applied;
    this.wasRecovering = raft.state.recovery !== null;
  }

  /** Takes note of how things are now. */
  update(): void {
    this.before = summarize(this.raft.state);
    this.votersBefore = this.raft.state.voters;
  }
}
