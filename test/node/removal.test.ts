/** What a member says that has been removed, whoever told it. */
import { beforeEach, expect, test } from 'bun:test';
import type { Logger } from '../../src/lib/logger.ts';
import { NodeCluster } from './support/node-cluster.ts';

const REMOVED = /removed from the cluster; stop it, and join again with an empty directory/;

let errors: string[];
const logger: Logger = {
  enabled: (level) => level === 'error',
  log: (level, _family, message) => {
    if (level === 'error') errors.push(message);
  },
};

beforeEach(() => {
  errors = [];
});

test('a leader that removed itself says so, once', async () => {
  const cluster = await NodeCluster.of(3, { logger });
  const leader = await cluster.settled();
  await cluster.done(leader.node.removeMember(leader.id, cluster.context()));
  await cluster.clock.advance(2000);
  expect(errors).toEqual([expect.stringMatching(REMOVED)]);
  expect(leader.node.readiness()['membership']).toMatch(REMOVED);
});

test('a member that was told so says so, and asks for no votes', async () => {
  const cluster = await NodeCluster.of(3, { logger });
  const gone = await cluster.follower();
  const sent: string[] = [];
  cluster.hears = (from, to, kind) => {
    if (from === gone.id) sent.push(kind);
    return from !== gone.id && to !== gone.id;
  };
  gone.node.raft.disowned(gone.id);
  await cluster.clock.advance(5000);
  expect(errors).toEqual([expect.stringMatching(REMOVED)]);
  expect(gone.node.readiness()['membership']).toMatch(REMOVED);
  expect(sent.filter((kind) => kind.includes('vote'))).toEqual([]);
});

test('a member that was told so by mistake goes on with the next word of a leader', async () => {
  const cluster = await NodeCluster.of(3, { logger });
  const member = await cluster.follower();
  member.node.raft.disowned(member.id);
  await cluster.clock.advance(200);
  expect(member.node.readiness()['membership']).toBeNull();
  const leader = await cluster.settled();
  cluster.kill(leader);
  expect((await cluster.settled()).id).not.toBe(leader.id);
});
