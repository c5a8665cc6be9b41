/** Members that come, go and move, over whole nodes. */
import { describe, expect, test } from 'bun:test';
import { must } from '../../src/lib/assert.ts';
import { memberOf } from '../../src/raft/configuration.ts';
import { type Machine, NodeCluster } from './support/node-cluster.ts';
import { watch } from './support/outcome.ts';

const inputOf = ({ id }: Machine) => ({ id, name: `n${id}`, url: `http://n${id}` });

describe('a new member', () => {
  test('is promoted once it has kept up for a while', async () => {
    const cluster = await NodeCluster.of(3);
    const through = await cluster.follower();
    const joiner = cluster.add();
    await cluster.start(joiner);
    const asked = through.node.addMember(inputOf(joiner), cluster.context());
    const { configuration } = await cluster.done(asked);
    expect(memberOf(configuration, joiner.id)?.learner).toBe(true);
    await cluster.clock.advance(4000);
    expect(joiner.node.status().role).toBe('learner');
    await cluster.clock.until('its promotion', () => joiner.node.status().role === 'follower');
    expect(joiner.node.readiness()).toEqual({
      leader: null,
      recovery: null,
      membership: null,
      applied: null,
      disk: null,
      running: null,
    });
  });

  test('that asks again while it is not committed hears nothing before it is', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const joiner = cluster.add();
    cluster.isolate(leader);
    const first = watch(leader.node.addMember(inputOf(joiner), cluster.context(10_000)));
    const again = watch(leader.node.addMember(inputOf(joiner), cluster.context(10_000)));
    const brief = watch(leader.node.addMember(inputOf(joiner), cluster.context(100)));
    await cluster.clock.advance(120);
    expect([first.state, again.state]).toEqual(['open', 'open']);
    expect(brief.code).toBe('membership-change-pending');
    cluster.heal();
    await cluster.done(Promise.all([first.promise, again.promise]));
    expect(again.value?.configuration).toEqual(must(first.value, 'answer').configuration);
  });

  test('that asks again later changes nothing', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const joiner = cluster.add();
    const ask = () => leader.node.addMember(inputOf(joiner), cluster.context());
    await cluster.done(ask());
    const { lastIndex } = leader.node.status();
    const again = await cluster.done(ask());
    expect(again.member.id).toBe(joiner.id);
    expect(leader.node.status().lastIndex).toBe(lastIndex);
  });

  test('that asks a leader that was deposed unawares hears nothing', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const joiner = cluster.add();
    await cluster.done(leader.node.addMember(inputOf(joiner), cluster.context()));
    cluster.isolate(leader);
    const again = watch(leader.node.addMember(inputOf(joiner), cluster.context(150)));
    await cluster.clock.advance(160);
    expect(again.applied).toBe('unknown');
  });

  test('without an id is one member, though the answer is lost', async () => {
    const cluster = await NodeCluster.of(3);
    const through = await cluster.follower();
    cluster.resets = 1;
    const input = { id: null, name: null, url: 'http://n4' };
    const asked = through.node.addMember(input, cluster.context());
    const { member, configuration } = await cluster.done(asked);
    expect(cluster.resets).toBe(0);
    expect(configuration.members.map(({ id }) => id)).toEqual(['1', '2', '3', member.id] as never);
  });

  test('does not take the URL of another', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const joiner = cluster.add();
    const input = { ...inputOf(joiner), url: 'http://n1' };
    const added = watch(leader.node.addMember(input, cluster.context()));
    const other = await cluster.follower();
    const url = `http://n${leader.id}`;
    const moved = watch(leader.node.updateMember(other.id, url, cluster.context()));
    await cluster.clock.advance(100);
    expect([added.code, moved.code]).toEqual(['conflict', 'conflict']);
  });
});

describe('a member', () => {
  test('is removed once, and for ever', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const gone = await cluster.follower();
    const remove = () => leader.node.removeMember(gone.id, cluster.context());
    const after = await cluster.done(remove());
    expect(after.removed).toEqual([gone.id]);
    expect(await cluster.done(remove())).toEqual(after);
    const back = watch(leader.node.addMember(inputOf(gone), cluster.context()));
    await cluster.clock.advance(100);
    expect(back.code).toBe('member-removed');
  });

  test('is not removed when the quorum would be gone with it', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    const dead = await cluster.follower();
    const alive = await cluster.follower(1);
    cluster.kill(dead);
    await cluster.clock.advance(1000);
    const asked = watch(leader.node.removeMember(alive.id, cluster.context()));
    await cluster.clock.advance(100);
    expect([asked.code, asked.applied]).toEqual(['would-lose-quorum', 'no']);
  });

  test('that leads can remove itself', async () => {
    const cluster = await NodeCluster.of(3);
    const leader = await cluster.settled();
    await cluster.done(leader.node.removeMember(leader.id, cluster.context()));
    await cluster.done(leader.node.stop());
    leader.running = null;
    const next = await cluster.settled();
    expect((await cluster.put(next, 'a', '1')).type).toBe('put');
  });

  test('moves', async () => {
    const cluster = await NodeCluster.of(3);
    const through = await cluster.follower();
    const url = 'http://elsewhere';
    const asked = through.node.updateMember(through.id, url, cluster.context());
    const configuration = await cluster.done(asked);
    expect(memberOf(configuration, through.id)?.peerUrls).toEqual([url]);
    const unknown = watch(through.node.updateMember('9' as never, url, cluster.context()));
    await cluster.clock.advance(100);
    expect(unknown.code).not.toBe('resolved');
  });

  test('is promoted by hand only when it has caught up', async () => {
    const cluster = await NodeCluster.of(1);
    const leader = cluster.machine(1);
    const joiner = cluster.add();
    await cluster.done(leader.node.addMember(inputOf(joiner), cluster.context()));
    const early = watch(leader.node.promoteMember(joiner.id, cluster.context()));
    await cluster.clock.advance(100);
    expect(early.code).not.toBe('resolved');
    await cluster.start(joiner);
    await cluster.clock.advance(500);
    const asked = leader.node.promoteMember(joiner.id, cluster.context());
    expect(memberOf(await cluster.done(asked), joiner.id)?.learner).toBe(false);
  });
});
