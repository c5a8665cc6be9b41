/** MISTAKES in the consensus core. */
import type { Mistake } from './mistake.ts';

export const CORE_2: readonly Mistake[] = [
  {
    name: 'a recovering node votes for one in a term that it may have voted in',
    file: 'src/raft/recovery.ts',
    edits: [
      [
        '    if (report.term >= candidate.term) return false;\n',
        '    if (report.term > candidate.term) return false;\n',
      ],
    ],
  },
  {
    name: 'a recovered node keeps its own term, whatever the others reported',
    file: 'src/raft/recovery.ts',
    edits: [['    term = Math.max(term, report.term);\n', '']],
  },
  {
    name: 'a leader ends a recovery before all that is committed is there',
    file: 'src/raft/recovery.ts',
    edits: [
      [
        '  if (verified < message.commitIndex) return;\n' +
          "  // With an entry of the leader's own term verified, everything committed " +
          'before it is here too.\n' +
          '  if (raft.log.term(verified) !== message.term) return;\n',
        '',
      ],
    ],
  },
  {
    name: 'a recovery ends by reports that know more',
    file: 'src/raft/recovery.ts',
    edits: [['    if (compareLogEnds(raft.log.end, report) < 0) return;\n', '']],
  },
  {
    name: 'a snapshot is handed out, and then the entries before it',
    file: 'src/raft/raft.ts',
    edits: [
      [
        'this.#handedOut = Math.max(this.#handedOut, snapshot.index);',
        'this.#handedOut = Math.min(this.#handedOut, snapshot.index);',
      ],
    ],
  },
  {
    name: 'a confirmed snapshot is answered before it is durable',
    file: 'src/raft/follower.ts',
    edits: [
      ['  accept(raft, message, index, 0);\n' + '}', '  accept(raft, message, 0, 0);\n' + '}'],
    ],
  },
  {
    name: 'a commit that a heartbeat brings is taken for the end of the log',
    file: 'src/raft/follower.ts',
    edits: [
      [
        'commitVerified(raft, message.commitIndex, verified);',
        'commitVerified(raft, message.entries.length === 0 ? message.commitIndex : ' +
          'verified, verified);',
      ],
    ],
  },
  {
    name: 'an append is compared only at its last entry',
    file: 'src/raft/follower.ts',
    edits: [
      [
        'const first = entries.findIndex((entry) => !log.matches(entry.index, ' +
          'entry.term));\n' +
          '  if (first < 0) return;',
        'const end = entries.at(-1);\n' +
          '  if (end === undefined || log.term(end.index) !== null) return;\n' +
          '  const first = entries.findIndex((entry) => entry.index > log.lastIndex);\n' +
          '  if (first < 0) return;',
      ],
    ],
  },
  {
    name: 'a message of the newer term leaves its term aside when no leader sent it',
    file: 'src/raft/raft.ts',
    edits: [
      [
        '  const leader = fromLeader ? message.from : null;\n',
        "  if (message.type === 'append-response' && raft.role.name === 'leader') " +
          'return;\n' +
          '  const leader = fromLeader ? message.from : null;\n',
      ],
    ],
  },
  {
    name: 'numbers of requests begin anew in each life, near each other',
    file: 'src/raft/state.ts',
    edits: [['this.#seq = prng.uint32() * 2 ** 20;', 'this.#seq = prng.uint32() % 8;']],
  },
  {
    name: 'the next entry to send goes back below what matches',
    file: 'src/raft/progress.ts',
    edits: [
      [
        '    this.matchIndex = Math.max(this.matchIndex, index);\n',
        '    this.matchIndex = index;\n',
      ],
    ],
  },
  {
    name: 'a learner is promoted by itself although it has stopped to answer',
    file: 'src/raft/membership.ts',
    edits: [
      [
        'lag <= raft.config.promoteLag && progress.silentTicks < ' + 'raft.config.electionTicks;',
        'lag <= raft.config.promoteLag;',
      ],
    ],
  },
  {
    name: 'who was seen once near the end is caught up for ever',
    file: 'src/raft/promotion.ts',
    edits: [
      ['? progress.healthyTicks + 1 : 0;', '? progress.healthyTicks + 1 : progress.healthyTicks;'],
    ],
  },
  {
    name: 'a configuration is rolled back although it stands before the truncation',
    file: 'src/raft/configuration-history.ts',
    edits: [
      [
        'this.latestIndex >= index) this.#versions.pop();',
        'this.latestIndex >= index - 1) this.#versions.pop();',
      ],
    ],
  },
  {
    name: 'the voters after a truncation are those before it',
    file: 'src/raft/configuration-history.ts',
    edits: [
      [
        '    if (this.#versions.length === before) return false;\n' + '    this.#refresh();',
        '    if (this.#versions.length === before) return false;\n' +
          '    if (this.#versions.length > 1) this.#refresh();',
      ],
    ],
  },
  {
    name: 'a leader that is removed and not committed yet counts itself',
    file: 'src/raft/commitment.ts',
    edits: [
      [
        'const index = quorumIndex(raft.voters, (id) => {',
        'const index = quorumIndex(raft.isVoter ? raft.voters : ' +
          '[...raft.voters.slice(1), raft.id], (id) => {',
      ],
    ],
  },
  {
    name: 'a member that was removed stays in the progress',
    file: 'src/raft/transitions.ts',
    edits: [
      [
        'for (const id of role.progress.keys()) if (!members.has(id)) ' +
          'role.progress.delete(id);',
        '',
      ],
    ],
  },
  {
    name: 'a new leader forgets the reads of its time as follower',
    file: 'src/raft/transitions.ts',
    edits: [["  if (raft.role.name === 'leader') abandonReads(raft, raft.role);\n", '']],
  },
  {
    name: 'a granted vote does not hold back the timer',
    file: 'src/raft/election.ts',
    edits: [
      ['    raft.resetElectionTimer();\n' + '  }\n' + '  const answer', '  }\n' + '  const answer'],
    ],
  },
  {
    name: 'a vote granted twice is written twice',
    file: 'src/raft/election.ts',
    edits: [
      [
        '    if (raft.vote === null) {',
        '    if (raft.vote === null || raft.vote === message.from) {',
      ],
    ],
  },
  {
    name: 'a snapshot that is older than the log is installed at its conflict',
    file: 'src/raft/follower.ts',
    edits: [
      [
        'if (raft.log.matches(index, term)) {\n' + '    commitVerified',
        'if (raft.log.term(index) !== null) {\n' + '    commitVerified',
      ],
    ],
  },
  {
    name: 'a follower that refuses does not tell its term',
    file: 'src/raft/follower.ts',
    edits: [['const conflictTerm = raft.log.term(index) ?? 0;', 'const conflictTerm = 0;']],
  },
  {
    name: 'entries are not compared up to a commit that is ahead',
    file: 'src/raft/follower.ts',
    edits: [
      [
        'Math.max(0, raft.commitIndex - message.prevIndex);',
        'Math.max(0, raft.log.lastIndex - message.prevIndex);',
      ],
    ],
  },
  {
    name: 'the compacted log forgets its last term',
    file: 'src/raft/log.ts',
    edits: [
      [
        '    this.#base = index;\n' + '    this.#baseTerm = term;\n' + '    this.#durable = Math',
        '    this.#base = index;\n' + '    this.#durable = Math',
      ],
    ],
  },
];
