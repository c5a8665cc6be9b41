import type { Raft } from '../../raft/raft.ts';
import type { SnapshotFile } from '../../storage/storage.ts';
import type { ClusterStatus, ConsensusState, MemberStatus, NodeRole, NodeStatus } from '../api.ts';
import type { Parts } from '../parts.ts';
import type { ClusterId } from '../../lib/ids.ts';
import type { Timing } from '../options.ts';

/** Entries shown of the end of the log. */
const LOG_TAIL = 64;

/** The role as people name it: a learner is a follower that is in no quorum. */
function roleOf(raft: Raft): NodeRole {
  const { state } = raft;
  const { name } = state.role;
  return name === 'follower' && !state.isVoter ? 'learner' : name;
}

/** What this node knows of the cluster. Only a leader knows well who is reachable. */
export function clusterOf(raft: Raft, clusterId: ClusterId): ClusterStatus {
  const { state } = raft;
  const members = state.history.latest.members.map(
    (member): MemberStatus => ({ ...member, reachable: isReachable(raft, member.id) }),
  );
  return { clusterId, leader: state.leader, term: state.term, members };
}

/** The state of the protocol on this node, for people and tools. */
export function consensusOf(
  raft: Raft,
  appliedIndex: number,
  snapshot: SnapshotFile | null,
  timing: Timing,
): ConsensusState {
  const { state } = raft;
  const { log, history } = state;
  return {
    id: state.id,
    role: roleOf(raft),
    term: state.term,
    vote: state.vote,
    leader: state.leader,
    commitIndex: state.commitIndex,
    appliedIndex,
    durableIndex: log.durableIndex,
    firstIndex: log.firstIndex,
    lastIndex: log.lastIndex,
    snapshot: snapshot === null ? null : { index: snapshot.index, term: snapshot.term },
    configuration: history.latest,
    log: logTail(raft),
    progress: progressOf(raft),
    timers: {
      tick: timing.tickMs,
      heartbeat: timing.heartbeatMs,
      election: timing.electionMs,
      electionElapsed: state.electionElapsed * timing.tickMs,
      electionTimeout: state.electionTimeout * timing.tickMs,
    },
  };
}

function logTail(raft: Raft): ConsensusState['log'] {
  const { log } = raft.state;
  const from = Math.max(log.firstIndex, log.lastIndex - LOG_TAIL + 1);
  return log.slice(from, log.lastIndex).map(({ index, term, command, json }) => ({
    index,
    term,
    kind: command.kind,
    size: json.length,
  }));
}

function progressOf(raft: Raft): ConsensusState['progress'] {
  const { role } = raft.state;
  if (role.name !== 'leader') return [];
  return [...role.progress].map(([id, progress]) => ({
    id,
    state: progress.state,
    matchIndex: progress.matchIndex,
    nextIndex: progress.nextIndex,
    inflight: progress.inflight.size,
    recentlyActive: isReachable(raft, id),
  }));
}

function isReachable(raft: Raft, id: string): boolean {
  const { state } = raft;
  if (id === state.id) return true;
  if (state.role.name !== 'leader') return id === state.leader && state.leaderIsAlive;
  for (const [peer, progress] of state.role.progress) {
    if (peer === id) {
      return progress.everActive && progress.silentTicks < state.config.electionTicks;
    }
  }
  return false;
}

/** What `/status` says. */
export function statusOf(parts: Parts): NodeStatus {
  const { raft, options, driver, machine } = parts;
  const { state } = raft;
  return {
    id: state.id,
    name: options.name,
    url: options.url,
    role: roleOf(raft),
    term: state.term,
    leader: state.leader,
    commitIndex: state.commitIndex,
    appliedIndex: driver.appliedIndex,
    lastIndex: state.log.lastIndex,
    durableIndex: state.log.durableIndex,
    snapshotIndex: options.storage.newestSnapshot()?.index ?? 0,
    revision: machine.view.revision,
    uptime: (options.clock.now() - parts.startedAt) / 1000,
    recovering: state.recovery !== null,
  };
}
