/** What is refused for a limit says so, counts, and goes by the settings. */
import { describe, expect, test } from 'bun:test';
import { NODE_SETTINGS } from '../../src/config.ts';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from '../../src/http/config.ts';
import type { LeaseId } from '../../src/kv/command.ts';
import { MAX_LEASES } from '../../src/kv/leases.ts';
import { SESSION_LIMITS } from '../../src/kv/session.ts';
import { MAX_TXN_OPS } from '../../src/kv/txn-rules.ts';
import { DEFAULT_LIMITS } from '../../src/node/options.ts';
import { ApiError } from '../../src/wire/errors.ts';
import { type LimitName, limitOf, LIMITS } from '../../src/wire/limits.ts';
import { TEST_CONFIG, testApp } from '../support/http.ts';

/** An application whose limits are these, and all it refused, by the names of the limits. */
function appWith(limits: Partial<HttpLimits>) {
  const { node, send } = testApp({ ...TEST_CONFIG, limits: { ...TEST_CONFIG.limits, ...limits } });
  const refused = (): (LimitName | null)[] => node.refusals.map((refusal) => limitOf(refusal));
  return { node, send, refused };
}

const JSON_HEADERS = { 'content-type': 'application/json' };

function txnOf(operations: number): string {
  const puts = Array.from({ length: operations }, (_, n) => ({ put: { key: `k${n}`, value: '' } }));
  return JSON.stringify({ success: puts });
}

describe('what is more than the limit is refused, what is not is taken', () => {
  test('key-bytes', async () => {
    const { send, refused } = appWith({ keyBytes: 5 });
    expect((await send('PUT', '/kv/abcde', { body: '1' })).status).toBe(201);
    expect((await send('PUT', '/kv/abcdef', { body: '1' })).status).toBe(400);
    expect(refused()).toEqual(['key-bytes']);
  });

  test('value-bytes and request-bytes', async () => {
    const { send, refused } = appWith({ valueBytes: 10, requestBytes: 20 });
    expect((await send('PUT', '/kv/a', { body: 'x'.repeat(10) })).status).toBe(201);
    expect((await send('PUT', '/kv/a', { body: 'x'.repeat(11) })).status).toBe(413);
    expect((await send('PUT', '/kv/a', { body: 'x'.repeat(21) })).status).toBe(413);
    expect(refused()).toEqual(['value-bytes', 'request-bytes']);
  });

  test('url-bytes', async () => {
    const { send, refused } = appWith({ urlBytes: 20 });
    expect((await send('GET', `/kv/${'a'.repeat(16)}`)).status).toBe(404);
    expect((await send('GET', `/kv/${'a'.repeat(17)}`)).status).toBe(414);
    expect(refused()).toEqual([null, 'url-bytes']);
  });

  test('txn-operations', async () => {
    const { send, refused } = appWith({ txnOperations: 3 });
    const txn = (operations: number) =>
      send('POST', '/txn', { headers: JSON_HEADERS, body: txnOf(operations) });
    expect((await txn(3)).status).toBe(200);
    const answer = await txn(4);
    expect(await answer.json()).toMatchObject({
      status: 400,
      code: 'too-many-operations',
      limit: 3,
    });
    expect(refused()).toEqual(['txn-operations']);
  });

  test('page-items: by default, and at most', async () => {
    const { send, refused } = appWith({ pageItems: 2, pageItemsMax: 3 });
    for (const key of ['a', 'b', 'c', 'd']) await send('PUT', `/kv/${key}`, { body: '1' });
    const page = async (query: string): Promise<number> => {
      const answer = (await (await send('GET', `/kv?start=a${query}`)).json()) as {
        kvs: unknown[];
      };
      return answer.kvs.length;
    };
    expect([await page(''), await page('&limit=3')]).toEqual([2, 3]);
    expect((await send('GET', '/kv?start=a&limit=4')).status).toBe(400);
    expect((await send('GET', '/kv?start=a&limit=0')).status).toBe(400);
    expect(refused()).toEqual(['page-items', null]);
  });

  test.each([
    ['/leases', 'leases'],
    ['/leases/1', 'keys'],
    ['/locks/a', 'queue'],
    ['/elections/a', 'queue'],
  ])('page-items of %s, where the default is never more', async (path, list) => {
    const { node, send, refused } = appWith({ pageItems: 5, pageItemsMax: 2 });
    for (const id of ['1', '2', '3']) {
      node.apply({ kind: 'lease-grant', id: id as LeaseId, ttl: 30 });
    }
    for (const key of ['a/1', 'a/2', 'a/3', 'a/4']) {
      await send('PUT', `/kv/${key}?lease=1`, { body: '' });
    }
    const page = (await (await send('GET', path)).json()) as Record<string, unknown[]>;
    expect(page[list]).toHaveLength(2);
    expect((await send('GET', `${path}?limit=3`)).status).toBe(400);
    expect(refused()).toEqual(['page-items']);
  });

  test('page-bytes: the rest comes on the next page', async () => {
    const { send, refused } = appWith({ pageBytes: 1 });
    for (const key of ['a', 'b', 'c']) await send('PUT', `/kv/${key}`, { body: 'x'.repeat(10) });
    const answer = await send('GET', '/kv?start=a');
    const next = expect.any(String);
    expect(await answer.json()).toMatchObject({ count: 3, kvs: [{ key: 'a' }], next });
    expect(refused()).toEqual([]);
  });
});

test('what the node refuses counts too, by its name where the code has several', async () => {
  const { node, send, refused } = appWith({});
  const refusals: readonly (readonly [ApiError, LimitName | null])[] = [
    [new ApiError('quota-exceeded', 'x', { sizeBytes: 2, quotaBytes: 1 }), 'quota-bytes'],
    [new ApiError('disk-full', 'x'), 'reserve-bytes'],
    [new ApiError('too-many-requests', 'x', { limitName: 'pending-bytes' }), 'pending-bytes'],
    [new ApiError('too-many-requests', 'x'), null],
  ];
  for (const [failure] of refusals) {
    node.failure = failure;
    await send('PUT', '/kv/a', { body: '1' });
  }
  expect(refused()).toEqual(refusals.map(([, name]) => name));
  node.propose = () => Promise.resolve({ type: 'too-many-leases', revision: 1 });
  await send('POST', '/leases', { headers: JSON_HEADERS, body: '{"ttl":60}' });
  node.propose = () => Promise.resolve({ type: 'too-many-requests', revision: 1 });
  await send('PUT', '/kv/a', { body: '1', headers: { 'idempotency-key': 'a' } });
  expect(refused().slice(refusals.length)).toEqual(['leases', 'remembered-requests']);
});

describe('the table of limits', () => {
  test('names settings that there are, each limit with one value', () => {
    for (const [name, { setting, fixed }] of Object.entries(LIMITS)) {
      const isSetting = setting !== null && Object.hasOwn(NODE_SETTINGS, setting);
      expect([name, isSetting, fixed === null]).toEqual([name, setting !== null, setting !== null]);
    }
  });

  test('agrees with what keeps them', () => {
    const fixed = [LIMITS['url-bytes'], LIMITS.leases, LIMITS['remembered-requests']];
    const kept = [DEFAULT_HTTP_LIMITS.urlBytes, MAX_LEASES, SESSION_LIMITS.opaqueRequests];
    expect(fixed.map((limit): number => limit.fixed)).toEqual(kept);
  });

  test('the settings have the defaults of the parts they go to', () => {
    const of = (key: keyof typeof NODE_SETTINGS): unknown => NODE_SETTINGS[key].fallback;
    for (const key of ['pageItems', 'pageItemsMax', 'pageBytes', 'watcherBytes'] as const) {
      expect([key, of(key)]).toEqual([key, DEFAULT_HTTP_LIMITS[key]]);
    }
    expect(of('lockWait')).toBe(DEFAULT_HTTP_LIMITS.lockWaitMs);
    expect([of('txnOperations'), DEFAULT_HTTP_LIMITS.txnOperations]).toEqual([
      MAX_TXN_OPS,
      MAX_TXN_OPS,
    ]);
    for (const key of ['quotaBytes', 'historyBytes', 'historyRevisions', 'pendingReads'] as const) {
      expect([key, of(key)]).toEqual([key, DEFAULT_LIMITS[key]]);
    }
    expect(of('historyAge')).toBe(DEFAULT_LIMITS.historyAgeMs);
    expect(of('hashCheckInterval')).toBe(DEFAULT_LIMITS.hashCheckMs);
    expect(of('autoCompaction') === 'on').toBe(DEFAULT_LIMITS.autoCompaction);
    expect(of('pendingProposals')).toBe(DEFAULT_LIMITS.pendingProposals);
    expect(of('pendingBytes')).toBe(DEFAULT_LIMITS.pendingBytes);
  });
});
