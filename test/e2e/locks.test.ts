import { expect, test } from 'bun:test';
import { Prng } from '../../src/lib/prng.ts';
import { type Outcome, request } from '../support/client.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const COUNTER = 'counter';

interface Held {
  readonly key: string;
  readonly lease: string;
  readonly fencingToken: number;
}

async function post(url: string, path: string, body: object, timeoutMs?: number): Promise<Outcome> {
  const options = { headers: JSON_TYPE, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  return await request('POST', `${url}${path}`, JSON.stringify(body), options);
}

function heldOf(outcome: Outcome): Held {
  if (outcome.type !== 'ok') throw new Error(JSON.stringify(outcome));
  return outcome.body as unknown as Held;
}

async function release(url: string, name: string, { lease }: Held): Promise<Outcome> {
  return await request('DELETE', `${url}/locks/${name}?lease=${lease}`, null);
}

async function queueOf(url: string, name: string): Promise<{ waiting: number; holder: Held }> {
  const outcome = await request('GET', `${url}/locks/${name}`, null);
  if (outcome.type !== 'ok') throw new Error(JSON.stringify(outcome));
  return outcome.body as unknown as { waiting: number; holder: Held };
}

/** Asks through any of the nodes until there is an answer that is certain. */
async function surely(
  urls: readonly string[],
  ask: (url: string) => Promise<Outcome>,
): Promise<Outcome> {
  return await until(
    'a certain answer',
    async () => {
      for (const url of urls) {
        const outcome = await ask(url);
        if (outcome.type !== 'unknown' && outcome.status < 500) return outcome;
      }
      return null;
    },
    30_000,
  );
}

/** Adds one to the counter, in two steps, unless the lock is lost in between. */
async function increment(urls: readonly string[], held: Held): Promise<boolean> {
  const read = await surely(urls, (url) => request('GET', `${url}/kv/${COUNTER}`, null));
  const value = read.type === 'ok' ? Number(read.body['value']) : 0;
  const body = {
    compare: [{ key: held.key, target: 'create', op: '=', value: held.fencingToken }],
    success: [{ put: { key: COUNTER, value: String(value + 1) } }],
  };
  const headers = { ...JSON_TYPE, 'idempotency-key': crypto.randomUUID() };
  const written = await surely(urls, (url) =>
    request('POST', `${url}/txn`, JSON.stringify(body), { headers, timeoutMs: 2000 }),
  );
  if (written.type !== 'ok') throw new Error(JSON.stringify(written));
  return written.body['succeeded'] === true;
}

async function counterOf(url: string): Promise<number> {
  const outcome = await request('GET', `${url}/kv/${COUNTER}`, null);
  return outcome.type === 'ok' ? Number(outcome.body['value']) : 0;
}

test('20 clients at all nodes hold a lock one after the other, in their order', async () => {
  await using cluster = await ProcessCluster.start();
  const urls = cluster.nodes.map((node) => node.url);
  const prng = new Prng(11);
  const rounds = 5;
  let inside = 0;
  const tokens: number[] = [];
  const client = async (): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      const held = heldOf(await post(prng.pick(urls), '/locks/l', { wait: '60s' }, 60_000));
      inside += 1;
      expect(inside).toBe(1);
      tokens.push(held.fencingToken);
      expect(await increment([prng.pick(urls)], held)).toBe(true);
      inside -= 1;
      expect((await release(prng.pick(urls), 'l', held)).type).toBe('ok');
    }
  };
  await Promise.all(Array.from({ length: 20 }, client));
  expect(tokens).toHaveLength(20 * rounds);
  for (const [i, token] of tokens.entries()) expect(token).toBeGreaterThan(tokens[i - 1] ?? 0);
  expect(await counterOf(urls[0] ?? '')).toBe(20 * rounds);
  for (const url of urls) {
    expect(await queueOf(url, 'l')).toMatchObject({ waiting: 0, holder: null });
  }
}, 60_000);

test('kill -9 of the leader: those who wait elsewhere keep their places', async () => {
  await using cluster = await ProcessCluster.start();
  const leader = await cluster.leader();
  const others = (await cluster.followers()).map((node) => node.url);
  const [url = ''] = others;
  const first = heldOf(await post(url, '/locks/l', { ttl: 30 }));
  const turns: number[] = [];
  let increments = 0;
  const clients = Array.from({ length: 6 }, async (_, i) => {
    const body = { ttl: 5, wait: '50s', owner: `${i}` };
    const held = heldOf(await post(others[i % 2] ?? '', '/locks/l', body, 59_000));
    turns.push(held.fencingToken);
    if (await increment(others, held)) increments += 1;
    await surely(others, (to) => release(to, 'l', held));
  });
  await until('all wait', async () => (await queueOf(url, 'l')).waiting === 6);
  await leader.kill();
  const gone = await surely(others, (to) => release(to, 'l', first));
  expect(gone.type).toBe('ok');
  await Promise.all(clients);
  expect(turns).toEqual(turns.toSorted((a, b) => a - b));
  expect(increments).toBe(6);
  expect(await counterOf(url)).toBe(6);
}, 60_000);

test('a lock passes on when a lease ends; a client that was killed is not waited for', async () => {
  await using cluster = await ProcessCluster.start();
  const [url = '', other = '', third = ''] = cluster.nodes.map((node) => node.url);
  const asked = performance.now();
  const first = heldOf(await post(url, '/locks/l', { ttl: 2 }));
  const killed = [url, other, third].map((to) => {
    const options = { method: 'POST', headers: JSON_TYPE, body: '{"ttl":60,"wait":"60s"}' };
    const script = `await fetch('${to}/locks/l', ${JSON.stringify(options)})`;
    return Bun.spawn([process.execPath, '-e', script], { stdout: 'ignore' });
  });
  await until('they wait', async () => (await queueOf(other, 'l')).waiting === 3);
  const next = post(third, '/locks/l', { ttl: 30, wait: '60s' }, 59_000);
  await until('it waits', async () => (await queueOf(other, 'l')).waiting === 4);
  for (const child of killed) child.kill('SIGKILL');
  await until('they are gone', async () => (await queueOf(other, 'l')).waiting === 1);
  const held = heldOf(await next);
  expect(performance.now() - asked).toBeGreaterThan(2000);
  expect(held.fencingToken).toBeGreaterThan(first.fencingToken);
  const { key, fencingToken: value } = first;
  const late = await post(url, '/txn', { compare: [{ key, target: 'create', op: '=', value }] });
  expect(late).toMatchObject({ type: 'ok', body: { succeeded: false } });
  expect((await release(url, 'l', first)).status).toBe(404);
  expect(await queueOf(other, 'l')).toMatchObject({ waiting: 0, holder: { lease: held.lease } });
}, 60_000);
