import { expect, test } from 'bun:test';
import { memberOf } from '../../src/raft/configuration.ts';
import { RaftCluster } from '../support/raft-cluster.ts';
import { configurationOf, idOf, learner, put, voter } from '../support/raft-members.ts';

/** n1 leads, and n2 is a learner that has caught up. */
function withLearner(autoPromote: boolean): RaftCluster {
  const cluster = RaftCluster.of(1, { promoteTicks: 20, promoteLag: 2 });
  cluster.add(2);
  cluster.elect(1);
  const member = learner(2, { autoPromote });
  cluster.node(1).run((raft) => raft.proposeChange({ type: 'add-learner', member }, null, 0));
  cluster.settle();
  return cluster;
}

/** Lets the leader's time pass while its learner answers. */
function live(cluster: RaftCluster, ticks: number): void {
  for (let i = 0; i < ticks; i += 1) {
    cluster.tick(1);
    cluster.settle();
  }
}

const isVoter = (cluster: RaftCluster) => cluster.node(1).state.voters.includes(idOf(2));

test('a learner that asked for it is promoted after its time, not before', () => {
  const cluster = withLearner(true);
  live(cluster, 19);
  expect(isVoter(cluster)).toBe(false);
  live(cluster, 1);
  expect(isVoter(cluster)).toBe(true);
});

test('a learner that did not ask stays one', () => {
  const cluster = withLearner(false);
  live(cluster, 100);
  expect(isVoter(cluster)).toBe(false);
});

test('falling behind by more than the lag begins the time anew', () => {
  const cluster = withLearner(true);
  live(cluster, 19);
  for (let i = 0; i < 3; i += 1) cluster.node(1).run((raft) => raft.propose(put('x')));
  cluster.tick(1);
  cluster.settle();
  live(cluster, 19);
  expect(isVoter(cluster)).toBe(false);
  live(cluster, 1);
  expect(isVoter(cluster)).toBe(true);
});

test('a new leader carries the wish out, in its own time', () => {
  const cluster = new RaftCluster();
  const configuration = configurationOf([voter(1), learner(2, { autoPromote: true })]);
  cluster.add(1, { terms: [1], configuration });
  cluster.add(2, { terms: [1], configuration });
  cluster.elect(1);
  live(cluster, 20);
  expect(isVoter(cluster)).toBe(true);
});

test('all members that answered are put on record together, and once', () => {
  const cluster = new RaftCluster();
  const members = [1, 2, 3, 4].map((n) => voter(n, { active: false }));
  const configuration = configurationOf(members);
  for (const n of [1, 2, 3, 4]) cluster.add(n, { terms: [1], configuration });
  cluster.isolate(4);
  cluster.elect(1);
  live(cluster, 9);
  const { latest, latestIndex } = cluster.node(1).state.history;
  const active = [1, 2, 3, 4].map((n) => memberOf(latest, idOf(n))?.active);
  expect(active).toEqual([true, true, true, false]);
  expect(latestIndex).toBe(3);
});
