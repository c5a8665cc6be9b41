/** CANARIES of elections and leadership. */
import type { Canary } from './canary.ts';

export const ELECTIONS: readonly Canary[] = [
  {
    name: 'a vote is given before it is durable',
    known: 'hashicorp/raft@901ac15',
    file: 'src/raft/election.ts',
    find: '      raft.vote = message.from;\n      raft.hardStateChanged();',
    replace: '      raft.vote = message.from;',
  },
  {
    name: 'the term is written down, the vote in it is not',
    known: 'hashicorp/raft#661',
    file: 'src/raft/state.ts',
    find: 'this.out.setHardState({ term: this.term, vote: this.vote });',
    replace: 'this.out.setHardState({ term: this.term, vote: null });',
  },
  {
    name: 'a vote is forgotten when a candidate follows a leader of its term',
    known: 'camunda/camunda#5356',
    file: 'src/raft/transitions.ts',
    find: "  changeRole(raft, { name: 'follower', leader }, reason);",
    replace: "  raft.vote = null;\n  changeRole(raft, { name: 'follower', leader }, reason);",
  },
  {
    name: 'a vote is forgotten when its giver asks whether it could win itself',
    known: 'microsoft/CCF#8094',
    file: 'src/raft/transitions.ts',
    find: '  const firstSeq = raft.upcomingSeq;\n',
    replace: '  const firstSeq = raft.upcomingSeq;\n  raft.vote = null;\n',
  },
  {
    name: 'a vote is given to whoever asks, however old its log',
    file: 'src/raft/election.ts',
    find: 'if (raft.log.isUpToDate(message)) return null;',
    replace: 'if (message.lastIndex >= 0) return null;',
  },
  {
    name: 'the longer log wins an election, whatever its last term',
    file: 'src/raft/log.ts',
    find: 'return a.lastTerm - b.lastTerm || a.lastIndex - b.lastIndex;',
    replace: 'return a.lastIndex - b.lastIndex || a.lastTerm - b.lastTerm;',
  },
  {
    name: 'a vote of an earlier term is counted',
    file: 'src/raft/election.ts',
    find: "if (raft.role.name !== 'candidate' || message.term !== raft.term) return;",
    replace: "if (raft.role.name !== 'candidate') return;",
  },
  {
    name: 'there is no question before an election',
    known: 'etcd-io/etcd#9333',
    file: 'src/raft/follower.ts',
    find: 'else if (raft.isElectable) campaign(raft, timeoutReason(raft));',
    replace: 'else if (raft.isElectable) campaignForReal(raft, false, timeoutReason(raft));',
  },
  {
    name: 'who hears a leader lets others be elected all the same',
    file: 'src/raft/election.ts',
    find: 'return leaderRefusal(raft) ?? logRefusal(raft, message);',
    replace: 'return logRefusal(raft, message);',
  },
  {
    name: 'a newer term in a refusal is not taken over',
    known: 'etcd-io/raft@d4471b2',
    file: 'src/raft/raft.ts',
    find: "if (message.type === 'pre-vote') return;",
    replace: "if (message.type.startsWith('pre-vote')) return;",
  },
  {
    name: 'a leader that hears no majority goes on',
    known: 'Cloudflare 2020-11-02',
    file: 'src/raft/leader.ts',
    find: 'if (!quorumIsActive(raft, leader)) {',
    replace: 'if (!quorumIsActive(raft, leader) && leader.quorumElapsed < 0) {',
  },
  {
    name: 'a leader whose disk is stuck goes on',
    known: 'hashicorp/raft#503',
    file: 'src/raft/leader.ts',
    find: '  if (diskIsStuck(raft)) {',
    replace: '  if (diskIsStuck(raft) && leader.quorumElapsed < 0) {',
  },
  {
    name: 'a leader does not begin its term with an entry of its own',
    file: 'src/raft/election.ts',
    find: "    appendOwn(raft, { v: 1, kind: 'noop', requestId: null, at: 0, by: null });\n",
    replace: '',
  },
];
