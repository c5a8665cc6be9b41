/** CANARIES of the consensus core: replication, commitment, and what is durable when. */
import type { Canary } from './canary.ts';

export const CORE: readonly Canary[] = [
  {
    name: 'the leader counts its own copy before it is durable',
    known: 'etcd-io/etcd#14370',
    file: 'src/raft/commitment.ts',
    find: 'if (id === raft.id) return raft.log.durableIndex;',
    replace: 'if (id === raft.id) return raft.log.lastIndex;',
  },
  {
    name: 'a leader commits entries of older terms by counting copies (Figure 8)',
    file: 'src/raft/commitment.ts',
    find: ' || raft.log.term(index) !== raft.term',
    replace: '',
  },
  {
    name: 'a follower commits beyond what the message verified',
    known: 'scylladb/scylladb#10578',
    file: 'src/raft/commitment.ts',
    find: 'const index = Math.min(leaderCommit, verified);',
    replace: 'const index = Math.min(leaderCommit, Math.max(verified, raft.log.lastIndex));',
  },
  {
    name: 'a follower confirms before its disk has',
    known: 'yugabyte/yugabyte-db#32875',
    file: 'src/raft/state.ts',
    find: 'this.out.hardStateIsDurable && index <= this.log.durableIndex',
    replace: 'this.out.hardStateIsDurable',
  },
  {
    name: 'the answer to a heartbeat confirms the whole log',
    file: 'src/raft/follower.ts',
    find: '  accept(raft, message, verified, message.round);',
    replace:
      '  const all = message.entries.length === 0 ? log.lastIndex : verified;\n' +
      '  accept(raft, message, all, message.round);',
  },
  {
    name: 'an append that comes late cuts off what came after it',
    file: 'src/raft/follower.ts',
    find: '  if (first < 0) return;\n',
    replace:
      '  const end = entries.at(-1)?.index ?? log.lastIndex;\n' +
      '  if (first < 0 && end < log.lastIndex && end >= raft.commitIndex) {\n' +
      '    truncate(raft, message, end + 1);\n' +
      '  }\n' +
      '  if (first < 0) return;\n',
  },
  {
    name: 'an append is taken over without a look at the entry before it',
    file: 'src/raft/follower.ts',
    find: 'if (overlap === 0 && !log.matches(message.prevIndex, message.prevTerm)) {',
    replace: 'if (overlap === 0 && message.prevIndex > log.lastIndex) {',
  },
  {
    name: 'entries that were truncated are taken for durable',
    foundBy: 'test/raft/log.test.ts',
    seldom: 'What ends after the log was rewritten is ignored anyway (`speaksOfLog`).',
    file: 'src/raft/log.ts',
    find: 'if (index > this.#durable && this.matches(index, term)) this.#durable = index;',
    replace: 'if (index > this.#durable && index <= this.lastIndex) this.#durable = index;',
  },
  {
    name: 'a write that ends after the log was rewritten speaks of the new log',
    foundBy: 'test/raft/durability.test.ts',
    seldom: 'Takes an entry that is cut off and comes back while one write is under way.',
    file: 'src/raft/raft.ts',
    find: 'if (raft.out.speaksOfLog(mark)) raft.log',
    replace: 'raft.log',
  },
  {
    name: 'a write is taken to speak of the log as it is when it ends',
    foundBy: 'test/raft/durability.test.ts',
    seldom: 'Takes a log that is cut while a write is under way.',
    file: 'src/raft/raft.ts',
    find: 'if (raft.out.speaksOfLog(mark)) raft.log',
    replace: 'raft.log',
    also: [
      {
        file: 'src/raft/log.ts',
        find: 'if (index > this.#durable && this.matches(index, term)) this.#durable = index;',
        replace: 'if (index > this.#durable && index <= this.lastIndex) this.#durable = index;',
      },
    ],
  },
  {
    name: 'a majority of an even number is half of it',
    known: 'hashicorp/raft@163a55f',
    file: 'src/raft/quorum.ts',
    find: 'return Math.floor(voters / 2) + 1;',
    replace: 'return Math.ceil(voters / 2);',
  },
  {
    name: 'a committed entry is forgotten between two pages of them',
    known: 'etcd-io/raft@8ecce32',
    file: 'src/raft/raft.ts',
    find: 'raft.log.slice(this.#handedOut + 1, commitIndex) : [];',
    replace: 'raft.log.slice(this.#handedOut + 1, commitIndex, 2_000) : [];',
  },
  {
    name: 'an old snapshot takes the place of a newer state',
    known: 'etcd-io/etcd#18055',
    foundBy: 'test/raft/scenarios.test.ts',
    seldom:
      'The receiver hands on none that is not needed; it takes a commit within its last read.',
    file: 'src/raft/follower.ts',
    find: '  if (index <= raft.commitIndex) {\n    accept(raft, message, raft.commitIndex, 0);',
    replace: '  if (index < 0) {\n    accept(raft, message, raft.commitIndex, 0);',
  },
  {
    name: 'a snapshot is installed whether it is needed or not',
    foundBy: 'test/raft/scenarios.test.ts',
    seldom: 'Takes a log that catches up while its snapshot is on the way.',
    file: 'src/raft/follower.ts',
    find: '  if (index <= raft.commitIndex) {\n    accept(raft, message, raft.commitIndex, 0);',
    replace: '  if (index < 0) {\n    accept(raft, message, raft.commitIndex, 0);',
    also: [
      {
        file: 'src/node/snapshots/snapshot-receiver.ts',
        find: 'if (snapshot.index <= raft.state.commitIndex) {',
        replace: 'if (snapshot.index < 0) {',
      },
    ],
  },
  {
    name: 'a snapshot throws away confirmed entries behind it',
    file: 'src/raft/follower.ts',
    find: '  if (raft.log.matches(index, term)) {\n    commitVerified',
    replace: '  if (index < 0) {\n    commitVerified',
  },
  {
    name: 'answers to an earlier life of a node are taken for answers to this one',
    foundBy: 'test/raft/recovery.test.ts',
    seldom: 'Takes a report to the survey of an earlier life that comes late.',
    file: 'src/raft/state.ts',
    find: 'this.#seq = prng.uint32() * 2 ** 20;',
    replace: 'this.#seq = 0;',
  },
];
