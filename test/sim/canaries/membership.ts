/** CANARIES of membership changes and of recovery after a torn log. */
import type { Canary } from './canary.ts';

export const MEMBERSHIP: readonly Canary[] = [
  {
    name: 'a membership stays although its entry was truncated',
    known: 'camunda/camunda#57393',
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
    name: 'a membership change before the leader has committed in its term',
    known: 'raft-dev, Ongaro, 2015-07',
    file: 'src/raft/membership.ts',
    find: "  if (raft.commitIndex < leader.noopIndex) return 'term-not-begun';\n",
    replace: '',
  },
  {
    name: 'a membership counts from when it is committed',
    known: 'etcd-io/etcd#7625',
    file: 'src/raft/state.ts',
    find: '    return this.history.voters;',
    replace:
      '    const members = this.history.at(this.commitIndex).members;\n' +
      '    return members.filter((member) => !member.learner).map((member) => member.id);',
  },
  {
    name: 'a snapshot that is installed does not replace the membership',
    known: 'scylladb/scylladb#9551',
    file: 'src/raft/follower.ts',
    find: '    raft.history.reset(index, configuration);\n',
    replace: '',
  },
  {
    name: 'a snapshot holds a membership that is not committed',
    known: 'canonical/raft#250',
    file: 'src/node/snapshots/snapshots.ts',
    find: 'configuration: raft.configurationAt(index) };',
    replace: 'configuration: raft.state.history.latest };',
  },
  {
    name: 'the membership before a snapshot is kept, not the one at it',
    file: 'src/raft/configuration-history.ts',
    find: '    if (keep > 0) this.#versions.splice(0, keep);',
    replace: '    if (keep > 0) this.#versions.splice(1, keep);',
  },
  {
    name: 'learners count in quorums',
    known: 'etcd-io/etcd#19557',
    file: 'src/raft/configuration.ts',
    find: 'return configuration.members.filter((member) => !member.learner).map(',
    replace: 'return configuration.members.map(',
  },
  {
    name: 'a learner refuses its vote although it may be a voter',
    known: 'etcd-io/etcd#10998',
    file: 'src/raft/election.ts',
    find: "  if (raft.role.name === 'leader') return { code: 'leads' };\n",
    replace:
      "  if (raft.role.name === 'leader') return { code: 'leads' };\n" +
      "  if (!raft.isVoter) return { code: 'learner' };\n",
  },
  {
    name: 'a new address makes a learner a voter',
    known: 'etcd-io/etcd#21694',
    file: 'src/raft/membership.ts',
    find: 'return replaced(before, { ...member, peerUrls, clientUrls });',
    replace: 'return replaced(before, { ...member, learner: false, peerUrls, clientUrls });',
  },
  {
    name: 'a learner is promoted before it has caught up',
    file: 'src/raft/membership.ts',
    find: "if (change.type === 'promote' && !hasCaughtUp(raft, raft.role, change.id)) {",
    replace: "if (change.type === 'update' && !hasCaughtUp(raft, raft.role, change.id)) {",
  },
  {
    name: 'who was removed is listened to',
    known: 'hashicorp/raft#524',
    file: 'src/raft/raft.ts',
    find: '    if (raft.hasRemoved(message.from)) return;\n',
    replace: '',
  },
  {
    name: 'a removal counts before it is committed',
    file: 'src/raft/state.ts',
    find: 'return this.history.at(this.commitIndex).removed.includes(id);',
    replace: 'return this.history.latest.removed.includes(id);',
  },
  {
    name: 'a leader that removed itself goes on',
    known: 'etcd-io/raft@72d62a1',
    file: 'src/raft/membership.ts',
    find: "  if (role.name !== 'leader' || raft.isVoter) return;",
    replace: "  if (role.name === 'leader' || raft.isVoter) return;",
  },
  {
    name: 'who may have lost its vote votes again',
    file: 'src/raft/election.ts',
    find: "  if (!allowsCandidate(raft, message)) return { code: 'recovering' };\n",
    replace: '',
  },
  {
    name: 'an answer from before a torn log confirms the log after it',
    file: 'src/raft/progress.ts',
    find: '    this.recovery = recovery;\n    this.minSeq = nextSeq;\n    this.matchIndex = 0;',
    replace: '    this.recovery = recovery;',
  },
  {
    name: 'a leader that does not know of a recovery ends it',
    file: 'src/raft/recovery.ts',
    find: '  if (recovery === null || message.recovery !== recovery.id) return;\n',
    replace: '  if (recovery === null) return;\n',
  },
  {
    name: 'the word of one other voter ends a recovery',
    file: 'src/raft/recovery.ts',
    find: 'if (raft.voters.every((id) => lastOf(id) !== undefined)) return true;',
    replace:
      'if (raft.voters.some((id) => id !== raft.id && lastOf(id) !== undefined)) return true;',
  },
  {
    name: 'a recovered node gives the vote anew that it may have lost',
    file: 'src/raft/recovery.ts',
    find: '  if (raft.vote === null) {\n    raft.vote = raft.id;',
    replace: '  if (raft.vote === undefined) {\n    raft.vote = raft.id;',
  },
];
