/** What a node says only once it is on its disk. */
import { expect, test } from 'bun:test';
import { createEntry } from '../../src/raft/entry.ts';
import type { AppendRequest } from '../../src/raft/message.ts';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf, put } from '../support/raft-members.ts';

/** An append of n2 or n3 to n1, behind the founding entry. */
function append(from: number, term: number, entryTerm: number | null): AppendRequest {
  const entries = entryTerm === null ? [] : [createEntry(2, entryTerm, put(`2@${entryTerm}`))];
  return {
    type: 'append',
    from: idOf(from),
    to: idOf(1),
    term,
    seq: term,
    prevIndex: 1,
    prevTerm: 1,
    entries,
    commitIndex: 0,
    round: 0,
    recovery: 0,
  };
}

test('an entry that was truncated and came back is not taken for its first copy on disk', () => {
  const cluster = RaftCluster.of(3);
  const node = cluster.node(1);
  node.diskIsSlow = true;
  const step = (message: AppendRequest) => node.run((raft) => raft.step(message));
  step(append(2, 2, 2));
  step(append(3, 3, 3));
  step(append(2, 4, null));
  step(append(2, 4, 2));
  expect(node.writing).toBe(4);

  // The disk holds 2@2, then 2@3; the second 2@2 is still on its way.
  node.persist();
  node.persist();
  node.persist();
  expect(node.disk.term(2)).toBe(3);
  expect(node.state.log.durableIndex).toBe(1);

  cluster.queue = [];
  step(append(2, 4, 2));
  expect(cluster.queue).toEqual([]);

  node.persistAll();
  expect(node.state.log.durableIndex).toBe(2);
  const confirmed = cluster.queue.map((message) => 'index' in message && message.index);
  expect(confirmed).toEqual([2, 2]);
});
