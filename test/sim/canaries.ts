/**
 * CANARIES: bugs that systems of this kind have really had, as changes of one place in the source.
 * Each is put into a copy of the program; the simulator must find it there.
 */
export interface Canary {
  readonly name: string;
  readonly file: string;
  /** Must be there exactly once. */
  readonly find: string;
  readonly replace: string;
}

export const CANARIES: readonly Canary[] = [
  {
    name: 'the leader counts its own copy before it is durable',
    file: 'src/raft/commitment.ts',
    find: 'if (id === raft.id) return raft.log.durableIndex;',
    replace: 'if (id === raft.id) return raft.log.lastIndex;',
  },
  {
    name: 'a leader commits entries of older terms by counting copies',
    file: 'src/raft/commitment.ts',
    find: ' || raft.log.term(index) !== raft.term',
    replace: '',
  },
  {
    name: 'a follower commits beyond what the message verified',
    file: 'src/raft/commitment.ts',
    find: 'const index = Math.min(leaderCommit, verified);',
    replace: 'const index = Math.min(leaderCommit, Math.max(verified, raft.log.lastIndex));',
  },
  {
    name: 'a follower confirms before its disk has',
    file: 'src/raft/state.ts',
    find: 'this.out.hardStateIsDurable && index <= this.log.durableIndex',
    replace: 'this.out.hardStateIsDurable',
  },
  {
    name: 'a vote is given before it is durable',
    file: 'src/raft/election.ts',
    find: '      raft.vote = message.from;\n      raft.hardStateChanged();',
    replace: '      raft.vote = message.from;',
  },
  {
    name: 'a vote is forgotten when a candidate follows a leader of its term',
    file: 'src/raft/transitions.ts',
    find: "  changeRole(raft, { name: 'follower', leader }, reason);",
    replace: "  raft.vote = null;\n  changeRole(raft, { name: 'follower', leader }, reason);",
  },
  {
    name: 'a vote is given to whoever asks, however old its log',
    file: 'src/raft/election.ts',
    find: 'if (raft.log.isUpToDate(message)) return null;',
    replace: 'if (message.lastIndex >= 0) return null;',
  },
  {
    name: 'reads are answered before the leader has committed in its term',
    file: 'src/raft/read-index.ts',
    find: '  if (raft.commitIndex < leader.noopIndex) return false;\n  reads.round',
    replace: '  reads.round',
  },
  {
    name: 'reads are answered without asking a quorum',
    file: 'src/raft/read-index.ts',
    find: '  if (!confirmed) return false;\n',
    replace: '',
  },
  {
    name: 'a membership stays although its entry was truncated',
    file: 'src/raft/configuration-history.ts',
    find: 'while (this.#versions.length > 1 && this.latestIndex >= index) this.#versions.pop();',
    replace: '',
  },
  {
    name: 'two membership changes at a time',
    file: 'src/raft/membership.ts',
    find: "return raft.history.latestIndex > raft.commitIndex ? 'change-pending' : null;",
    replace: 'return null;',
  },
  {
    name: 'the log is not synced',
    file: 'src/storage/wal-writer.ts',
    find: '    await file.sync();\n    this.#position = { crc, batch };',
    replace: '    this.#position = { crc, batch };',
  },
  {
    name: 'the directory is not synced after a segment got its name',
    file: 'src/storage/wal-segment.ts',
    find: '  await disk.rename(temporary(path), path);\n  await disk.syncDirectory(WAL_DIRECTORY);',
    replace: '  await disk.rename(temporary(path), path);',
  },
  {
    name: 'a torn tail is taken for a clean one',
    file: 'src/storage/wal-reader.ts',
    find: "tail: tail?.torn === true ? 'torn' : 'clean',",
    replace: "tail: 'clean',",
  },
  {
    name: 'a request that is sent again is carried out again',
    file: 'src/kv/state-machine.ts',
    find: 'if (command.requestId === null) return carryOut();',
    replace: 'if (command.requestId !== undefined) return carryOut();',
  },
  {
    name: 'the entry of another leader answers a proposal',
    file: 'src/node/loop/proposals.ts',
    find: 'if (waiting.term === entry.term) waiting.resolve(result);',
    replace: 'if (waiting.term <= entry.term) waiting.resolve(result);',
  },
  {
    name: 'a snapshot that is installed does not replace the membership',
    file: 'src/raft/follower.ts',
    find: '    raft.history.reset(index, configuration);\n',
    replace: '',
  },
  {
    name: 'a leader that hears no majority goes on',
    file: 'src/raft/leader.ts',
    find: 'if (!quorumIsActive(raft, leader)) {',
    replace: 'if (!quorumIsActive(raft, leader) && leader.quorumElapsed < 0) {',
  },
  {
    name: 'leases end by the clock of the leader alone',
    file: 'src/kv/lease-timers.ts',
    find: 'const MARGIN = 1.1 / 0.9;',
    replace: 'const MARGIN = 1;',
  },
  {
    name: 'a renewal does not defeat an expiry that was proposed before it',
    file: 'src/kv/apply-lease.ts',
    find: "if (lease.epoch !== epoch || stamped < term) return { type: 'lease-alive'",
    replace: "if (lease.epoch !== epoch && stamped < term) return { type: 'lease-alive'",
  },
  {
    name: 'a new leader does not give leases all their time anew',
    file: 'src/kv/lease-timers.ts',
    find: '    this.#add(timer, from, remaining);',
    replace: '    this.#add(timer, from, remaining / 2);',
  },
  {
    name: 'a renewal after a checkpoint is not in the log',
    file: 'src/kv/lease-timers.ts',
    find: "if (timer.mustLog || timer.isExpiring) return 'log';",
    replace: "if (timer.isExpiring) return 'log';",
  },
  {
    name: 'compaction forgets what a read at its revision needs',
    file: 'src/kv/collector.ts',
    find: 'if (isTombstone(version)) past.delete(version);',
    replace: 'past.delete(version);',
  },
  {
    name: 'a read of the past sees the next revision',
    file: 'src/kv/versions.ts',
    find: 'const then = past.floor({ key, modRevision: revision });',
    replace: 'const then = past.floor({ key, modRevision: revision + 1 });',
  },
  {
    name: 'a transaction that cannot be carried out is carried out in part',
    file: 'src/kv/apply-txn.ts',
    find: 'faultOfPlan(state, plan, grant);\n  if (fault !== null) return fault;',
    replace: "null;\n  if (fault !== null && fault.type !== 'lease-not-found') return fault;",
  },
  {
    name: 'a snapshot forgets which requests were carried out',
    file: 'src/kv/snapshot.ts',
    find: '    requests: () => requestItems(sessions.requests.values()),',
    replace: '    requests: () => requestItems([...sessions.requests.values()].slice(1)),',
  },
  {
    name: 'a watch that joins the present misses the first change in it',
    file: 'src/node/watch/watch-stream.ts',
    find: '    this.#next = replay.next;',
    replace: '    this.#next = replay.next > store.revision ? replay.next + 1 : replay.next;',
  },
  {
    name: 'a watch says that it is as far as the store',
    file: 'src/node/watch/watch-stream.ts',
    find: "return this.#state === 'live' ? Math.max(before, this.#home.revision) : before;",
    replace: "return this.#state === 'new' ? before : this.#home.store.revision;",
  },
  {
    name: 'a watch does not notice that a snapshot took the place of the store',
    file: 'src/node/parts.ts',
    find: '        this.changes.jumped();\n',
    replace: '',
  },
  {
    name: 'a watch that waits for its reader goes on too far',
    file: 'src/node/watch/watch-stream.ts',
    find: "    this.#next = next;\n    this.#state = 'paused';",
    replace: "    this.#next = next + 1;\n    this.#state = 'paused';",
  },
  {
    name: 'a lock is held by whoever came last',
    file: 'src/node/locks/contender.ts',
    find: 'if (a.createRevision !== b.createRevision) return a.createRevision - b.createRevision;',
    replace:
      'if (a.createRevision !== b.createRevision) return b.createRevision - a.createRevision;',
  },
];
