import { expect, test } from 'bun:test';
import { get, type Outcome, put, request } from '../support/client.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

function bodyOf(outcome: Outcome): Record<string, unknown> {
  if (outcome.type !== 'ok') throw new Error(JSON.stringify(outcome));
  return outcome.body;
}

async function grant(url: string, ttl: number): Promise<string> {
  const body = JSON.stringify({ ttl });
  return String(bodyOf(await request('POST', `${url}/leases`, body, { headers: JSON_TYPE }))['id']);
}

async function putWith(url: string, key: string, lease: string): Promise<number> {
  const outcome = await request('PUT', `${url}/kv/${key}?lease=${lease}`, 'x');
  return Number(bodyOf(outcome)['revision']);
}

async function isGone(url: string, key: string): Promise<boolean> {
  return (await get(url, key)).status === 404;
}

/** Renews a lease five times a second. */
class Holder {
  /** When it asked for what was last promised. */
  renewedAt = 0;
  #isHere = true;
  readonly #work: Promise<void>;

  constructor(url: string, lease: string) {
    this.#work = this.#renew(`${url}/leases/${lease}/keepalive`);
  }

  /** @throws when the lease ended under it */
  async leave(): Promise<void> {
    this.#isHere = false;
    await this.#work;
  }

  async #renew(url: string): Promise<void> {
    while (this.#isHere) {
      const from = performance.now();
      const renewal = await request('POST', url, null);
      if (renewal.status === 404) throw new Error('the lease of a living holder has ended');
      if (renewal.type === 'ok') this.renewedAt = from;
      await Bun.sleep(200);
    }
  }
}

test('a lease ends with its keys in one revision, everywhere', async () => {
  await using cluster = await ProcessCluster.start();
  const [url = '', other = '', third = ''] = cluster.nodes.map((node) => node.url);
  const asked = performance.now();
  const lease = await grant(url, 2);
  await putWith(other, 'a', lease);
  const revision = await putWith(third, 'b', lease);
  await until('the end', () => isGone(other, 'a'));
  expect(performance.now() - asked).toBeGreaterThan(2000);
  await cluster.converged();
  for (const node of cluster.nodes) {
    expect([await isGone(node.url, 'a'), await isGone(node.url, 'b')]).toEqual([true, true]);
    expect((await node.status()).revision).toBe(revision + 1);
    expect((await request('GET', `${node.url}/leases/${lease}`, null)).status).toBe(404);
    const renewal = await request('POST', `${node.url}/leases/${lease}/keepalive`, null);
    expect(renewal.status).toBe(404);
  }
});

test('kill -9 of the leader: a lease ends neither early nor never', async () => {
  await using cluster = await ProcessCluster.start();
  const leader = await cluster.leader();
  const [follower] = await cluster.followers();
  const url = follower?.url ?? '';
  const asked = performance.now();
  const [lease, kept] = [await grant(url, 2), await grant(url, 2)];
  await putWith(url, 'a', lease);
  await putWith(url, 'kept', kept);
  const holder = new Holder(url, kept);
  await Bun.sleep(1000);
  await leader.kill();
  const killed = performance.now();
  await until('the end', () => isGone(url, 'a'), 20_000);
  const ended = performance.now();
  expect(ended - asked).toBeGreaterThan(2000);
  // The whole time anew, with its margin, after an election.
  expect(ended - killed).toBeLessThan(10_000);
  expect(await isGone(url, 'kept')).toBe(false);
  await holder.leave();
  expect(holder.renewedAt).toBeGreaterThan(killed);
  await until('the end without a holder', () => isGone(url, 'kept'), 20_000);
  expect(performance.now() - holder.renewedAt).toBeGreaterThan(2000);
  await leader.restart().up();
  await cluster.converged();
  expect(await isGone(leader.url, 'kept')).toBe(true);
});

test('a leader that was stopped for longer than a lease lasts does not end it', async () => {
  await using cluster = await ProcessCluster.start();
  const leader = await cluster.leader();
  const [follower] = await cluster.followers();
  const url = follower?.url ?? '';
  const lease = await grant(url, 2);
  await putWith(url, 'a', lease);
  const holder = new Holder(url, lease);
  leader.signal('SIGSTOP');
  const stopped = performance.now();
  await until('a renewal by the next leader', () => holder.renewedAt > stopped + 3000);
  leader.signal('SIGCONT');
  await cluster.ready(cluster.nodes);
  await cluster.converged();
  await holder.leave();
  expect(await isGone(url, 'a')).toBe(false);
  await until('the end without a holder', () => isGone(leader.url, 'a'));
});

test('what was left of a lease survives a restart of all', async () => {
  await using cluster = await ProcessCluster.start();
  const [url = ''] = cluster.nodes.map((node) => node.url);
  const lease = await grant(url, 4);
  await putWith(url, 'a', lease);
  // After half the time, with its margin.
  await until('the checkpoint', async () => {
    const state = await request('GET', `${url}/cluster/state`, null);
    return JSON.stringify(state).includes('"lease-checkpoint"');
  });
  await cluster.converged();
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  for (const node of cluster.nodes) node.restart();
  await cluster.ready(cluster.nodes);
  const began = performance.now();
  const { remaining } = bodyOf(await request('GET', `${url}/leases/${lease}`, null));
  expect(remaining).toBeWithin(0.001, 2.001);
  await until('the end', () => isGone(url, 'a'));
  expect(performance.now() - began).toBeLessThan(2000 * (11 / 9) + 2000);
  expect((await put(url, 'a', 'again')).status).toBe(201);
});
