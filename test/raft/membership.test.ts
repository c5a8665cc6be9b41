import { describe, expect, test } from 'bun:test';
import type { Configuration, ConfigurationChange } from '../../src/raft/configuration.ts';
import { memberOf } from '../../src/raft/configuration.ts';
import { RaftCluster } from '../support/raft-cluster.ts';
import { idOf, learner, voter } from '../support/raft-members.ts';
import type { RaftNode } from '../support/raft-node.ts';

/** n1 leads n2 and n3; n4 is a node of its own. */
function leaderOfThree(): { readonly cluster: RaftCluster; readonly leader: RaftNode } {
  const cluster = RaftCluster.of(3);
  cluster.add(4);
  cluster.elect(1);
  return { cluster, leader: cluster.node(1) };
}

function change(leader: RaftNode, what: ConfigurationChange): Configuration | string {
  const result = leader.run((raft) => raft.proposeChange(what, 'r1', 77));
  return result.ok ? result.configuration : result.code;
}

describe('a change', () => {
  test('is an entry that carries the whole result', () => {
    const { leader } = leaderOfThree();
    const result = leader.run((raft) => {
      return raft.proposeChange({ type: 'remove', id: idOf(3) }, 'r1', 77);
    });
    if (!result.ok || result.entry === null) throw new Error('refused');
    expect(result.entry.command).toEqual({
      v: 1,
      kind: 'configuration',
      requestId: 'r1',
      at: 77,
      by: null,
      change: { type: 'remove', id: idOf(3) },
      configuration: { members: [voter(1), voter(2)], removed: [idOf(3)], clusterVersion: 1 },
    } as typeof result.entry.command);
    expect(JSON.parse(result.entry.json)).toEqual(result.entry.command);
  });

  test('to a learner adds it in no quorum', () => {
    const { leader } = leaderOfThree();
    change(leader, { type: 'add-learner', member: learner(4) });
    expect(leader.state.voters).toEqual([idOf(1), idOf(2), idOf(3)]);
    expect(memberOf(leader.state.history.latest, idOf(4))?.learner).toBe(true);
  });

  test('promotes what has caught up, and takes the wish away', () => {
    const { cluster, leader } = leaderOfThree();
    change(leader, { type: 'add-learner', member: learner(4, { autoPromote: true }) });
    cluster.settle();
    change(leader, { type: 'promote', id: idOf(4) });
    const promoted = memberOf(leader.state.history.latest, idOf(4));
    expect(promoted).toEqual(voter(4, { autoPromote: false }));
  });

  test('updates the URLs of a learner, and leaves it one', () => {
    const { cluster, leader } = leaderOfThree();
    change(leader, { type: 'add-learner', member: learner(4) });
    cluster.settle();
    const urls = { peerUrls: ['http://new'], clientUrls: ['http://client'] };
    change(leader, { type: 'update', id: idOf(4), ...urls });
    expect(memberOf(leader.state.history.latest, idOf(4))).toEqual(learner(4, urls));
    expect(leader.state.voters).toEqual([idOf(1), idOf(2), idOf(3)]);
  });

  test('updates the URLs of a member, and nothing else', () => {
    const { leader } = leaderOfThree();
    const urls = { peerUrls: ['http://new'], clientUrls: ['http://client'] };
    change(leader, { type: 'update', id: idOf(2), ...urls });
    expect(memberOf(leader.state.history.latest, idOf(2))).toEqual(voter(2, urls));
  });

  test('that is already so adds no entry', () => {
    const { cluster, leader } = leaderOfThree();
    change(leader, { type: 'remove', id: idOf(3) });
    cluster.settle();
    const before = leader.state.log.lastIndex;
    change(leader, { type: 'remove', id: idOf(3) });
    change(leader, { type: 'add-learner', member: learner(2) });
    expect(leader.state.log.lastIndex).toBe(before);
  });
});

describe('a change is refused', () => {
  const CASES: Record<string, [ConfigurationChange, string]> = {
    'to found again': [{ type: 'found' }, 'change-pending'],
    'for whom nobody knows': [{ type: 'promote', id: idOf(9) }, 'member-not-found'],
    'to promote a voter': [{ type: 'promote', id: idOf(2) }, 'already-voter'],
    'to remove a stranger': [{ type: 'remove', id: idOf(9) }, 'member-not-found'],
    'to move a stranger': [
      { type: 'update', id: idOf(9), peerUrls: [], clientUrls: [] },
      'member-not-found',
    ],
  };
  for (const [why, [what, code]] of Object.entries(CASES)) {
    test(why, () => expect(change(leaderOfThree().leader, what)).toBe(code));
  }

  test('while a transfer is under way', () => {
    const { leader } = leaderOfThree();
    leader.run((raft) => raft.transferLeadership(idOf(2)));
    expect(change(leader, { type: 'remove', id: idOf(3) })).toBe('transfer-pending');
  });

  test('when it would leave a cluster without voters', () => {
    const cluster = RaftCluster.of(1);
    cluster.elect(1);
    const refused = change(cluster.node(1), { type: 'remove', id: idOf(1) });
    expect(refused).toBe('would-lose-quorum');
  });

  test('when the promoted member would be needed and does not answer', () => {
    const cluster = RaftCluster.of(1);
    cluster.add(2);
    cluster.elect(1);
    const leader = cluster.node(1);
    change(leader, { type: 'add-learner', member: learner(2) });
    cluster.settle();
    cluster.isolate(2);
    cluster.tick(1, 10);
    expect(change(leader, { type: 'promote', id: idOf(2) })).toBe('would-lose-quorum');
  });

  test('to bring back who was removed', () => {
    const { cluster, leader } = leaderOfThree();
    change(leader, { type: 'remove', id: idOf(3) });
    cluster.settle();
    expect(change(leader, { type: 'add-learner', member: learner(3) })).toBe('member-removed');
  });
});

test('a leader of two can remove a dead second, for then it is alone', () => {
  const cluster = RaftCluster.of(2);
  cluster.elect(1);
  cluster.isolate(2);
  change(cluster.node(1), { type: 'remove', id: idOf(2) });
  expect(cluster.node(1).state.commitIndex).toBe(3);
  expect(cluster.node(1).isLeader).toBe(true);
});
