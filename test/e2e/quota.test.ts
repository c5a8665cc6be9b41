import { expect, test } from 'bun:test';
import { type Outcome, put, request } from '../support/client.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { storeHashes } from '../support/writers.ts';

const QUOTA = 2 ** 20;
const VALUE = 'x'.repeat(10_000);

function codeOf(outcome: Outcome): unknown {
  return outcome.type === 'unknown' ? 'unknown' : (outcome.body['code'] ?? outcome.type);
}

async function figure(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

test('full, 507, delete, write again; and overwriting never leads there', async () => {
  await using cluster = await ProcessCluster.start({ args: ['--quota-bytes', `${QUOTA}`] });
  const urls = cluster.nodes.map(({ url }) => url);
  const at = (n: number): string => urls[n % urls.length] ?? '';

  const overwrite = async (worker: number): Promise<void> => {
    for (let n = 0; n < 100; n += 1) {
      expect(codeOf(await put(at(worker + n), `own/${worker}`, VALUE))).toBe('ok');
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, worker) => overwrite(worker)));

  let taken = 0;
  let last = await put(at(0), 'fill/0', VALUE);
  for (; last.type === 'ok' && taken < 1000; taken += 1) {
    last = await put(at(taken), `fill/${taken + 1}`, VALUE);
  }
  expect(last).toMatchObject({
    type: 'no',
    status: 507,
    body: { code: 'quota-exceeded', quotaBytes: QUOTA, sizeBytes: expect.any(Number) },
  });
  expect(taken).toBeGreaterThan(80);
  for (const url of urls) {
    expect((await fetch(`${url}/kv/fill/0`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(codeOf(await put(url, 'more', VALUE))).toBe('quota-exceeded');
    expect(await figure(url, 'abcd_limit_refusals_total{name="quota-bytes"}')).toBeGreaterThan(0);
  }
  const leader = await cluster.leader();
  expect(await (await fetch(`${leader.url}/readyz?verbose`)).text()).toContain('"quota"');
  expect(await figure(leader.url, 'abcd_quota_exceeded')).toBe(1);

  const deleted = await request('DELETE', `${at(1)}/kv?prefix=fill/`, null);
  expect(deleted).toMatchObject({ type: 'ok', body: { deleted: taken } });
  for (let n = 0; n < taken; n += 1) {
    expect(codeOf(await put(at(n), `fill/${n}`, VALUE))).toBe('ok');
  }
  await cluster.converged();
  expect(new Set(await storeHashes(cluster.nodes)).size).toBe(1);
  expect(await figure(leader.url, 'abcd_store_bytes')).toBeLessThanOrEqual(QUOTA);
}, 60_000);
