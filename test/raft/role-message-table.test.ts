/**
 * ROLE × MESSAGE: what a node in each role does with each message, of an older term, of its own and
 * of a newer one. The types allow no gap: a new role or message does not compile without its row.
 */
import { describe, expect, test } from 'bun:test';
import type { Term } from '../../src/raft/entry.ts';
import type { Message } from '../../src/raft/message.ts';
import type { RoleName } from '../../src/raft/trace.ts';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf, votersUpTo } from '../support/raft-members.ts';
import type { RaftNode } from '../support/raft-node.ts';
import { showBody } from '../support/raft-notation.ts';

/** What n1, in term 5, says to n2 on its message, and what it is then: `refused … | follower@5`. */
interface Row {
  readonly older: string;
  readonly same: string;
  readonly newer: string;
}

const TERM = 5;

const TABLE: Record<RoleName, Record<Message['type'], Row>> = {
  follower: {
    'pre-vote': {
      older: 'pre-vote-response refused last=1@1 | follower@5',
      same: 'pre-vote-response refused last=1@1 | follower@5',
      newer: 'pre-vote-response granted last=1@1 | follower@5',
    },
    'pre-vote-response': {
      older: 'nothing | follower@5',
      same: 'nothing | follower@5',
      newer: 'nothing | follower@6',
    },
    vote: {
      older: 'vote-response refused last=1@1 | follower@5',
      same: 'vote-response granted last=1@1 | follower@5',
      newer: 'vote-response granted last=1@1 | follower@6',
    },
    'vote-response': {
      older: 'nothing | follower@5',
      same: 'nothing | follower@5',
      newer: 'nothing | follower@6',
    },
    append: {
      older: 'refused hint=1@1 | follower@5',
      same: 'accepted 1 round=7 | follower@5 of n2',
      newer: 'accepted 1 round=7 | follower@6 of n2',
    },
    'append-response': {
      older: 'nothing | follower@5',
      same: 'nothing | follower@5',
      newer: 'nothing | follower@6',
    },
    snapshot: {
      older: 'refused hint=1@1 | follower@5',
      same: 'accepted 9 | follower@5 of n2',
      newer: 'accepted 9 | follower@6 of n2',
    },
    'timeout-now': {
      older: 'timeout-now-response | follower@5',
      same: 'vote last=1@1 transfer; timeout-now-response | candidate@6',
      newer: 'vote last=1@1 transfer; timeout-now-response | candidate@7',
    },
    'timeout-now-response': {
      older: 'nothing | follower@5',
      same: 'nothing | follower@5',
      newer: 'nothing | follower@6',
    },
    'read-index': {
      older: 'read-index-response 3: null | follower@5',
      same: 'read-index-response 3: null | follower@5',
      newer: 'read-index-response 3: null | follower@6',
    },
    'read-index-response': {
      older: 'read 3: 9 | follower@5',
      same: 'read 3: 9 | follower@5',
      newer: 'read 3: 9 | follower@6',
    },
  },
  'pre-candidate': {
    'pre-vote': {
      older: 'pre-vote-response refused last=1@1 | pre-candidate@5',
      same: 'pre-vote-response refused last=1@1 | pre-candidate@5',
      newer: 'pre-vote-response granted last=1@1 | pre-candidate@5',
    },
    'pre-vote-response': {
      older: 'vote last=1@1 | candidate@6',
      same: 'vote last=1@1 | candidate@6',
      newer: 'nothing | follower@6',
    },
    vote: {
      older: 'vote-response refused last=1@1 | pre-candidate@5',
      same: 'vote-response granted last=1@1 | pre-candidate@5',
      newer: 'vote-response granted last=1@1 | follower@6',
    },
    'vote-response': {
      older: 'nothing | pre-candidate@5',
      same: 'nothing | pre-candidate@5',
      newer: 'nothing | follower@6',
    },
    append: {
      older: 'refused hint=1@1 | pre-candidate@5',
      same: 'accepted 1 round=7 | follower@5 of n2',
      newer: 'accepted 1 round=7 | follower@6 of n2',
    },
    'append-response': {
      older: 'nothing | pre-candidate@5',
      same: 'nothing | pre-candidate@5',
      newer: 'nothing | follower@6',
    },
    snapshot: {
      older: 'refused hint=1@1 | pre-candidate@5',
      same: 'accepted 9 | follower@5 of n2',
      newer: 'accepted 9 | follower@6 of n2',
    },
    'timeout-now': {
      older: 'timeout-now-response | pre-candidate@5',
      same: 'vote last=1@1 transfer; timeout-now-response | candidate@6',
      newer: 'vote last=1@1 transfer; timeout-now-response | candidate@7',
    },
    'timeout-now-response': {
      older: 'nothing | pre-candidate@5',
      same: 'nothing | pre-candidate@5',
      newer: 'nothing | follower@6',
    },
    'read-index': {
      older: 'read-index-response 3: null | pre-candidate@5',
      same: 'read-index-response 3: null | pre-candidate@5',
      newer: 'read-index-response 3: null | follower@6',
    },
    'read-index-response': {
      older: 'read 3: 9 | pre-candidate@5',
      same: 'read 3: 9 | pre-candidate@5',
      newer: 'read 3: 9 | follower@6',
    },
  },
  candidate: {
    'pre-vote': {
      older: 'pre-vote-response refused last=1@1 | candidate@5',
      same: 'pre-vote-response refused last=1@1 | candidate@5',
      newer: 'pre-vote-response granted last=1@1 | candidate@5',
    },
    'pre-vote-response': {
      older: 'nothing | candidate@5',
      same: 'nothing | candidate@5',
      newer: 'nothing | follower@6',
    },
    vote: {
      older: 'vote-response refused last=1@1 | candidate@5',
      same: 'vote-response refused last=1@1 | candidate@5',
      newer: 'vote-response granted last=1@1 | follower@6',
    },
    'vote-response': {
      older: 'nothing | candidate@5',
      same: 'append prev=0@0 [] commit=0; append prev=1@1 [2@5 noop] commit=0 | leader@5',
      newer: 'nothing | follower@6',
    },
    append: {
      older: 'refused hint=1@1 | candidate@5',
      same: 'accepted 1 round=7 | follower@5 of n2',
      newer: 'accepted 1 round=7 | follower@6 of n2',
    },
    'append-response': {
      older: 'nothing | candidate@5',
      same: 'nothing | candidate@5',
      newer: 'nothing | follower@6',
    },
    snapshot: {
      older: 'refused hint=1@1 | candidate@5',
      same: 'accepted 9 | follower@5 of n2',
      newer: 'accepted 9 | follower@6 of n2',
    },
    'timeout-now': {
      older: 'timeout-now-response | candidate@5',
      same: 'timeout-now-response | candidate@5',
      newer: 'vote last=1@1 transfer; timeout-now-response | candidate@7',
    },
    'timeout-now-response': {
      older: 'nothing | candidate@5',
      same: 'nothing | candidate@5',
      newer: 'nothing | follower@6',
    },
    'read-index': {
      older: 'read-index-response 3: null | candidate@5',
      same: 'read-index-response 3: null | candidate@5',
      newer: 'read-index-response 3: null | follower@6',
    },
    'read-index-response': {
      older: 'read 3: 9 | candidate@5',
      same: 'read 3: 9 | candidate@5',
      newer: 'read 3: 9 | follower@6',
    },
  },
  leader: {
    'pre-vote': {
      older: 'pre-vote-response refused last=2@5 | leader@5',
      same: 'pre-vote-response refused last=2@5 | leader@5',
      newer: 'pre-vote-response refused last=2@5 | leader@5',
    },
    'pre-vote-response': {
      older: 'nothing | leader@5',
      same: 'nothing | leader@5',
      newer: 'nothing | follower@6',
    },
    vote: {
      older: 'vote-response refused last=2@5 | leader@5',
      same: 'vote-response refused last=2@5 | leader@5',
      newer: 'vote-response refused last=2@5 | leader@5',
    },
    'vote-response': {
      older: 'nothing | leader@5',
      same: 'nothing | leader@5',
      newer: 'nothing | follower@6',
    },
    append: {
      older: 'refused hint=2@5 | leader@5',
      same: 'throws: two leaders in term 5: 1, 2',
      newer: 'accepted 1 round=7 | follower@6 of n2',
    },
    'append-response': {
      older: 'nothing | leader@5',
      same: 'append prev=1@1 [2@5 noop] commit=0 | leader@5',
      newer: 'nothing | follower@6',
    },
    snapshot: {
      older: 'refused hint=2@5 | leader@5',
      same: 'throws: two leaders in term 5: 1, 2',
      newer: 'accepted 9 | follower@6 of n2',
    },
    'timeout-now': {
      older: 'timeout-now-response | leader@5',
      same: 'timeout-now-response | leader@5',
      newer: 'vote last=2@5 transfer; timeout-now-response | candidate@7',
    },
    'timeout-now-response': {
      older: 'nothing | leader@5',
      same: 'nothing | leader@5',
      newer: 'nothing | follower@6',
    },
    'read-index': {
      older: 'nothing | leader@5',
      same: 'nothing | leader@5',
      newer: 'read-index-response 3: null | follower@6',
    },
    'read-index-response': {
      older: 'read 3: 9 | leader@5',
      same: 'read 3: 9 | leader@5',
      newer: 'read 3: 9 | follower@6',
    },
  },
};

for (const [role, rows] of Object.entries(TABLE)) {
  describe(`a ${role} of term ${TERM}`, () => {
    for (const [type, row] of Object.entries(rows)) {
      // The keys of a Record are what its type says; Object.entries forgets that.
      const reaction = (term: Term) => react(role as RoleName, type as Message['type'], term);
      test(`gets ${type}`, () => {
        const [older, same, newer] = [reaction(TERM - 1), reaction(TERM), reaction(TERM + 1)];
        expect({ older, same, newer }).toEqual(row);
      });
    }
  });
}

function react(role: RoleName, type: Message['type'], term: Term): string {
  const cluster = new RaftCluster();
  const configuration = votersUpTo(3);
  for (const n of [1, 2, 3]) {
    const isCandidate = role === 'candidate' || role === 'leader';
    const state = { term: isCandidate ? TERM - 1 : TERM, vote: null };
    cluster.add(n, { terms: [1], configuration, state });
  }
  const node = cluster.node(1);
  PREPARE[role](cluster, node);
  cluster.oracle.readBegun(3);
  const message = messageOf(type, term, node);
  cluster.queue = [];
  try {
    node.run((raft) => raft.step(message));
  } catch (error) {
    return `throws: ${error instanceof Error ? error.message : String(error)}`;
  }
  const said = cluster.queue.filter((answer) => answer.to === idOf(2)).map(showBody);
  said.push(...cluster.reads.map(({ context, index }) => `read ${context}: ${index}`));
  return `${said.join('; ') || 'nothing'} | ${describeRole(node)}`;
}

const PREPARE: Record<RoleName, (cluster: RaftCluster, node: RaftNode) => void> = {
  follower: () => undefined,
  'pre-candidate': (cluster) => cluster.timeOut(1),
  candidate: (_, node) => node.run((raft) => raft.campaign()),
  leader: (_, node) => {
    node.run((raft) => raft.campaign());
    node.run((raft) => raft.step(messageOf('vote-response', TERM, node)));
  },
};

/** A message of n2 that says yes wherever it can, from a log that goes on behind n1's. */
function messageOf(type: Message['type'], term: Term, node: RaftNode): Message {
  const seq = node.state.upcomingSeq;
  const envelope = { from: idOf(2), to: idOf(1), term, seq };
  const end = { lastIndex: 9, lastTerm: TERM - 1 };
  const configuration = votersUpTo(3);
  switch (type) {
    case 'pre-vote':
      return { type, ...envelope, ...end, survey: false };
    case 'vote':
      return { type, ...envelope, ...end, transfer: false };
    case 'pre-vote-response':
    case 'vote-response':
      return { type, ...envelope, ...end, granted: true };
    case 'append': {
      const head = { prevIndex: 1, prevTerm: 1, entries: [], commitIndex: 0 };
      return { type, ...envelope, ...head, round: 7, recovery: 0 };
    }
    case 'append-response':
      return { type, ...envelope, ok: true, index: 1, conflictTerm: 0, round: 0, recovery: 0 };
    case 'snapshot': {
      const body = { snapshotIndex: 9, snapshotTerm: TERM - 1, configuration, recovery: 0 };
      return { type, ...envelope, ...body };
    }
    case 'timeout-now':
    case 'timeout-now-response':
      return { type, ...envelope };
    case 'read-index':
      return { type, ...envelope, context: 3 };
    case 'read-index-response':
      return { type, ...envelope, context: 3, index: 9 };
  }
}

function describeRole({ state }: RaftNode): string {
  const { role, term } = state;
  const leader = role.name === 'follower' && role.leader !== null ? ` of n${role.leader}` : '';
  return `${role.name}@${term}${leader}`;
}
