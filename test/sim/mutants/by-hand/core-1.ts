/** MISTAKES in the consensus core. */
import type { Mistake } from './mistake.ts';

export const CORE_1: readonly Mistake[] = [
  {
    name: 'a candidate counts its own vote before it is durable',
    file: 'src/raft/election.ts',
    edits: [['  if (!raft.out.hardStateIsDurable) return;\n', '']],
  },
  {
    name: 'a candidate says that its log is one entry longer than it is',
    file: 'src/raft/election.ts',
    edits: [
      [
        "raft.send({ ...raft.envelope(to), type: 'vote', ...raft.log.end, transfer });",
        'const end = { ...raft.log.end, lastIndex: raft.log.lastIndex + 1 };\n' +
          "    raft.send({ ...raft.envelope(to), type: 'vote', ...end, transfer });",
      ],
    ],
  },
  {
    name: 'a node that has voted may vote for whoever leads no more',
    file: 'src/raft/election.ts',
    edits: [
      [
        'if (raft.vote !== null && raft.vote !== message.from) {',
        'if (raft.vote !== null && raft.vote !== message.from && raft.vote !== ' + 'raft.id) {',
      ],
    ],
  },
  {
    name: 'the vote of the term before goes into the new term',
    file: 'src/raft/transitions.ts',
    edits: [['  raft.vote = vote;\n', '  raft.vote = vote ?? raft.vote;\n']],
  },
  {
    name: 'indexes of a quorum are sorted as texts',
    file: 'src/raft/quorum.ts',
    edits: [['.sort((a, b) => b - a)', '.sort().reverse()']],
  },
  {
    name: 'a truncation leaves one entry too many durable',
    file: 'src/raft/log.ts',
    edits: [
      [
        'this.#durable = Math.min(this.#durable, index - 1);',
        'this.#durable = Math.min(this.#durable, index);',
      ],
    ],
  },
  {
    name: 'a truncation leaves the conflicting entry in the batch for the disk',
    file: 'src/raft/outbox.ts',
    edits: [
      [
        'while ((this.entries.at(-1)?.index ?? 0) >= index) this.entries.pop();',
        'while ((this.entries.at(-1)?.index ?? 0) > index) this.entries.pop();',
      ],
    ],
  },
  {
    name: 'a received snapshot counts as durable before it is',
    file: 'src/raft/log.ts',
    edits: [['    this.#durable = 0;\n', '    this.#durable = index;\n']],
  },
  {
    name: 'entries before a received snapshot are still written behind it',
    file: 'src/raft/outbox.ts',
    edits: [['    this.entries.length = 0;\n', '']],
  },
  {
    name: 'a mark from before a snapshot was received speaks of the new log',
    file: 'src/raft/outbox.ts',
    edits: [
      [
        '    this.snapshot = snapshot;\n' + '    this.#rewriteSequence = this.#sequence;\n',
        '    this.snapshot = snapshot;\n',
      ],
    ],
  },
  {
    name: 'reads get the index of the first round of the term',
    file: 'src/raft/read-index.ts',
    edits: [['  reads.index = raft.commitIndex;\n', '  reads.index ||= raft.commitIndex;\n']],
  },
  {
    name: 'a follower that is asked for a read index gives its own',
    file: 'src/raft/read-index.ts',
    edits: [
      [
        "else finish(raft, read, null, 'not-leader');",
        "else finish(raft, read, raft.commitIndex, 'not-leader');",
      ],
    ],
  },
  {
    name: 'answers to a leader of an older term count in the new one',
    file: 'src/raft/replication.ts',
    edits: [
      [
        "if (raft.role.name !== 'leader' || message.term < raft.term) return;",
        "if (raft.role.name !== 'leader') return;",
      ],
    ],
  },
  {
    name: 'a refusal of an older term confirms a read round',
    file: 'src/raft/follower.ts',
    edits: [
      [
        "message.type === 'append' && message.term === raft.term ? message.round : 0;",
        "message.type === 'append' ? message.round : 0;",
      ],
    ],
  },
  {
    name: 'a member that keeps still is active for ever once it has answered',
    file: 'src/raft/check-quorum.ts',
    edits: [
      [
        '  for (const progress of leader.progress.values()) progress.recentlyActive ' +
          '= false;\n',
        '',
      ],
    ],
  },
  {
    name: 'a transfer that is not taken up blocks writes for ever',
    file: 'src/raft/transfer.ts',
    edits: [['  leader.transfer = null;\n', '']],
  },
  {
    name: 'a transfer goes to one that lacks the newest entries',
    file: 'src/raft/transfer.ts',
    edits: [
      ['?.matchIndex !== raft.log.lastIndex) return;', '?.matchIndex === undefined) return;'],
    ],
  },
  {
    name: 'leadership may be handed to a learner',
    file: 'src/raft/transfer.ts',
    edits: [
      [
        '  if (!raft.voters.includes(target)) return { ok: false, code: ' + "'not-a-voter' };\n",
        '',
      ],
    ],
  },
  {
    name: 'writes are taken while leadership is handed over',
    file: 'src/raft/raft.ts',
    edits: [
      [
        '    if (role.transfer !== null) return { ok: false, code: ' + "'transfer-pending' };\n",
        '',
      ],
    ],
  },
  {
    name: 'a leader that removed itself goes before that is committed',
    file: 'src/raft/membership.ts',
    edits: [['  if (raft.history.latestIndex > raft.commitIndex) return;\n', '']],
  },
  {
    name: 'a change that is not committed is confirmed as so already',
    file: 'src/raft/membership.ts',
    edits: [
      [
        '  if (raft.history.latestIndex > raft.commitIndex) return { ok: false, ' +
          "code: 'change-pending' };\n",
        '',
      ],
    ],
  },
  {
    name: 'a removed id may come back as a learner',
    file: 'src/raft/membership.ts',
    edits: [
      ["      if (before.removed.includes(change.member.id)) return 'member-removed';\n", ''],
    ],
  },
  {
    name: 'a change may leave a majority that does not answer',
    file: 'src/raft/membership.ts',
    edits: [
      [
        "  return answers ? null : 'would-lose-quorum';",
        '  return answers || voters.length < votersBefore.length ? null : ' +
          "'would-lose-quorum';",
      ],
    ],
  },
  {
    name: 'a membership stays when the truncation begins at its own entry',
    file: 'src/raft/configuration-history.ts',
    edits: [
      [
        'this.latestIndex >= index) this.#versions.pop();',
        'this.latestIndex > index) this.#versions.pop();',
      ],
    ],
  },
];
