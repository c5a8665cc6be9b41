import { expect, test } from 'bun:test';
import { put, request } from '../support/client.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

test('a write that reached the leader but no majority ends as unknown', async () => {
  await using cluster = await ProcessCluster.start();
  const leader = await cluster.leader();
  const followers = cluster.nodes.filter((node) => node !== leader);
  for (const node of followers) node.signal('SIGSTOP');
  const begun = performance.now();
  const response = await fetch(`${leader.url}/kv/a`, {
    method: 'PUT',
    body: '1',
    headers: { 'Abcd-Timeout': '1s' },
  });
  const problem = (await response.json()) as Record<string, unknown>;
  expect(problem).toMatchObject({ status: 504, code: 'timeout', applied: 'unknown' });
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(performance.now() - begun).toBeLessThan(2000);
  for (const node of followers) node.signal('SIGCONT');
  await cluster.ready(cluster.nodes);
  expect(await put(leader.url, 'b', '1')).toMatchObject({ type: 'ok' });
}, 60_000);

test('without a majority a write is refused with certainty: no leader, applied no', async () => {
  await using cluster = await ProcessCluster.start();
  const [one, two, three] = cluster.nodes;
  await two?.kill();
  await three?.kill();
  const url = one?.url ?? '';
  // The leader, if it was this one, steps down after at most two election time-outs.
  await Bun.sleep(1000);
  const outcome = await put(url, 'a', '1', { timeoutMs: 3000 });
  expect(outcome).toMatchObject({ type: 'no', status: 503, body: { code: 'no-leader' } });
  expect(await request('GET', `${url}/kv?prefix=&consistency=serializable`, null)).toMatchObject({
    type: 'ok',
    body: { count: 0 },
  });
  expect(await request('GET', `${url}/readyz`, null)).toMatchObject({ status: 503 });
  expect(await request('GET', `${url}/livez`, null)).toMatchObject({ type: 'ok' });
}, 60_000);
