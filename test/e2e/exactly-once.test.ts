import { expect, test } from 'bun:test';
import { request } from '../support/client.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

interface Ask {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object | string;
  readonly status: number;
}

/** Requests of every sort; done twice, each would have another effect or another answer. */
const ASKS: readonly Ask[] = [
  { name: 'c.1', method: 'PUT', path: '/kv/put?prev', body: 'a', status: 201 },
  { name: 'leased', method: 'PUT', path: '/kv/leased?ttl=1h', body: 'b', status: 201 },
  { name: 'c.2', method: 'DELETE', path: '/kv/gone?prev', status: 200 },
  { name: 'range', method: 'DELETE', path: '/kv?prefix=range/', status: 200 },
  {
    name: 'txn',
    method: 'POST',
    path: '/txn',
    body: {
      compare: [{ key: 'txn', target: 'version', op: '=', value: 0 }],
      success: [{ put: { key: 'txn', value: '1' } }, { get: { key: 'put' } }],
      failure: [{ put: { key: 'twice', value: '1' } }],
    },
    status: 200,
  },
  { name: 'read', method: 'POST', path: '/txn', body: { success: [get('moves')] }, status: 200 },
  { name: 'lost', method: 'DELETE', path: '/cluster/members/5', status: 404 },
];

function get(key: string): object {
  return { get: { key } };
}

async function send(node: NodeProcess, { name, method, path, body }: Ask): Promise<string> {
  const json = typeof body === 'object';
  const response = await fetch(node.url + path, {
    method,
    body: json ? JSON.stringify(body) : (body ?? null),
    headers: {
      'idempotency-key': name,
      ...(json ? { 'content-type': 'application/json' } : {}),
    },
    signal: AbortSignal.timeout(10_000),
  });
  const { headers, status } = response;
  const told = { status, etag: headers.get('etag'), revision: headers.get('abcd-revision') };
  return JSON.stringify({ ...told, body: await response.text() });
}

/** As a client does: on until there is an answer that is one. */
async function perseveringly(node: NodeProcess, ask: Ask): Promise<string> {
  return await until(`an answer to ${ask.name}`, async () => {
    const answer = await send(node, ask).catch(() => '{"status":503');
    return answer.startsWith('{"status":5') ? null : answer;
  });
}

async function stateOf(node: NodeProcess): Promise<unknown> {
  const path = '/kv?prefix=';
  const outcome = await request('GET', node.url + path, null, {});
  if (outcome.type !== 'ok') throw new Error(`${path}: ${outcome.status}`);
  return outcome.body;
}

test('one effect and one answer, through every node, and after the leader was killed', async () => {
  await using cluster = await ProcessCluster.start();
  const [one, two, three] = cluster.nodes as readonly [NodeProcess, NodeProcess, NodeProcess];
  for (const key of ['gone', 'range/1', 'range/2', 'moves']) {
    await request('PUT', `${one.url}/kv/${key}`, 'x');
  }

  const first = new Map<string, string>();
  for (const ask of ASKS) {
    // Through all of them at the same time.
    const answers = await Promise.all([one, two, three].map((node) => perseveringly(node, ask)));
    expect(new Set(answers).size, `${ask.name}: ${answers.join('\n')}`).toBe(1);
    expect(answers[0], ask.name).toStartWith(`{"status":${ask.status},`);
    first.set(ask.name, answers[0] ?? '');
  }
  await request('PUT', `${one.url}/kv/moves`, 'y');
  const state = await stateOf(one);

  const leader = await cluster.leader();
  await leader.kill();
  const others = cluster.nodes.filter((node) => node !== leader);
  for (const ask of ASKS) {
    for (const node of others) {
      expect(await perseveringly(node, ask), ask.name).toBe(String(first.get(ask.name)));
    }
  }
  await leader.restart().up();
  await cluster.converged();
  for (const node of cluster.nodes) {
    for (const ask of ASKS) {
      expect(await perseveringly(node, ask), ask.name).toBe(String(first.get(ask.name)));
    }
    expect(await stateOf(node)).toEqual(state as object);
  }
}, 60_000);

test('a leader that is asked to step down does it once, and the next one knows', async () => {
  await using cluster = await ProcessCluster.start();
  const leader = await cluster.leader();
  const ask = { name: 'step', method: 'POST', path: '/node/step-down', status: 200 };
  const first = await perseveringly(leader, ask);
  expect(first).toStartWith('{"status":200,');
  // Done again, it would answer another term, or that this node follows already.
  for (const node of cluster.nodes) expect(await perseveringly(node, ask)).toBe(first);
}, 60_000);

test('a client that kills its first attempts writes each value once', async () => {
  await using cluster = await ProcessCluster.start();
  const count = 40;
  let killed: NodeProcess | null = null;
  for (let i = 0; i < count; i += 1) {
    const node = cluster.nodes[i % 3] as NodeProcess;
    const counter = { name: `counter.${i}`, method: 'POST', path: '/txn', status: 200 };
    const key = `counter/${i}`;
    const body = {
      compare: [{ key, target: 'version', op: '=', value: 0 }],
      success: [{ put: { key, value: 'once' } }],
      failure: [{ put: { key: `twice/${i}`, value: 'x' } }],
    };
    const ask: Ask = { ...counter, body };
    const abandoned = new AbortController();
    const lost = fetch(`${node.url}/txn`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'idempotency-key': ask.name, 'content-type': 'application/json' },
      signal: abandoned.signal,
    }).catch(() => null);
    if (i === count / 2) {
      killed = await cluster.leader();
      await killed.kill();
    }
    if (i % 2 === 0) abandoned.abort();
    await lost;
    const running = cluster.nodes.filter((other) => other !== killed);
    const other = running[i % running.length] as NodeProcess;
    expect(await perseveringly(other, ask)).toContain('\\"succeeded\\":true');
  }
  const node = cluster.nodes.find((other) => other !== killed) as NodeProcess;
  const twice = await request('GET', `${node.url}/kv?prefix=twice/&countOnly`, null);
  const once = await request('GET', `${node.url}/kv?prefix=counter/&countOnly`, null);
  expect([once, twice]).toMatchObject([{ body: { count } }, { body: { count: 0 } }]);
}, 60_000);
