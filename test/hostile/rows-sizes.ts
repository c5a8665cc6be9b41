/** TOO MUCH: bodies, keys, transactions, ranges and numbers beyond their limits. */
import { head, json, request, type Row } from './support/row.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const HUGE = `Content-Length: ${2 ** 40}`;
const CHUNKED = 'Transfer-Encoding: chunked';
const JSON_TYPE = 'Content-Type: application/json';
const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;

/** Every route that reads a body. */
const BODIES: readonly (readonly [method: string, target: string])[] = [
  ['PUT', '/kv/a'],
  ['PUT', '/kv?key=a'],
  ['POST', '/txn'],
  ['POST', '/compact'],
  ['POST', '/leases'],
  ['POST', '/locks/a'],
  ['POST', '/elections/a/campaign'],
  ['POST', '/elections/a/proclaim'],
  ['POST', '/elections/a/resign'],
  ['POST', '/cluster/members'],
  ['PUT', '/cluster/members/1'],
  ['POST', '/cluster/leader'],
  ['POST', '/raft/append'],
  ['POST', '/raft/snapshot'],
  ['POST', '/raft/forward'],
];

const refusedAtOnce = {
  status: 413,
  code: 'body-too-large',
  headers: { connection: 'close' },
} as const;

const bodies: readonly Row[] = BODIES.flatMap(([method, target]): Row[] => [
  {
    topic: 'body-with-length',
    what: `a TiB for ${method} ${target}, of which nothing comes`,
    send: head(method, target, JSON_TYPE, HUGE),
    ...refusedAtOnce,
  },
  {
    topic: 'compressed-bodies',
    what: `gzip for ${method} ${target}`,
    send: request(method, target, { headers: [JSON_TYPE, 'Content-Encoding: gzip'], body: '{}' }),
    status: 415,
    code: 'unsupported-encoding',
  },
]);

const operations = (count: number): object[] =>
  Array.from({ length: count }, (_, i) => ({ put: { key: `k${i}`, value: '' } }));

function nested(depth: number): object {
  return depth === 0 ? { success: operations(3) } : { success: [{ txn: nested(depth - 1) }] };
}

const many = { status: 400, code: 'too-many-operations' } as const;
const bad = { status: 400, code: 'bad-request' } as const;

export const SIZE_ROWS: readonly Row[] = [
  ...bodies,
  {
    topic: 'body-with-length',
    what: 'a body of one byte too many, whole',
    send: request('PUT', '/kv/a', { body: 'x'.repeat(1536 * KIB + 1) }),
    ...refusedAtOnce,
  },
  {
    topic: 'body-with-length',
    what: 'a length that nobody can mean',
    send: head('PUT', '/kv/a', 'Content-Length: 18446744073709551617'),
    status: 400,
    headers: { connection: 'close' },
  },
  {
    topic: 'body-without-length',
    what: 'chunks without end',
    send: [head('PUT', '/kv/a', CHUNKED), ...Array<string>(26).fill(chunk)],
    ...refusedAtOnce,
  },
  {
    topic: 'body-without-length',
    what: 'chunks without end for a transaction',
    send: [head('POST', '/txn', CHUNKED, JSON_TYPE), ...Array<string>(26).fill(chunk)],
    ...refusedAtOnce,
  },
  ...['-1', 'zz', '10000000000000001', 'ffffffffffffffffff', '', '0x1'].map((size): Row => {
    return {
      topic: 'body-without-length',
      what: `a chunk of the size ${JSON.stringify(size)}`,
      send: `${head('PUT', '/kv/a', CHUNKED)}${size}\r\na\r\n0\r\n\r\n`,
      status: 400,
      headers: { connection: 'close' },
    };
  }),
  {
    topic: 'body-without-length',
    what: 'a chunk with an extension of 40,000 bytes',
    send: `${head('PUT', '/kv/a', CHUNKED)}1;${'x'.repeat(40_000)}\r\na\r\n0\r\n\r\n`,
    status: 413,
    headers: { connection: 'close' },
  },
  {
    topic: 'keys-and-values',
    what: 'a key of 1,025 bytes',
    send: request('PUT', `/kv/${'k'.repeat(1025)}`, { body: 'x' }),
    status: 400,
    code: 'key-too-long',
  },
  {
    topic: 'keys-and-values',
    what: 'a key of 342 characters that are 1,026 bytes',
    send: request('GET', `/kv/${'%E2%82%AC'.repeat(342)}`),
    status: 400,
    code: 'key-too-long',
  },
  {
    topic: 'keys-and-values',
    what: 'a key of 341 characters that are 1,023 bytes',
    send: request('GET', `/kv/${'%E2%82%AC'.repeat(341)}`),
    status: 404,
    code: 'key-not-found',
  },
  {
    topic: 'keys-and-values',
    what: 'a value of a MiB and a byte',
    send: request('PUT', '/kv/a', { body: 'x'.repeat(MIB + 1) }),
    status: 413,
    code: 'value-too-large',
  },
  {
    topic: 'keys-and-values',
    what: 'a value too large within a transaction',
    send: json('POST', '/txn', {
      success: [{ put: { key: 'a', value: 'é'.repeat(MIB / 2 + 1) } }],
    }),
    status: 413,
    code: 'value-too-large',
  },
  {
    topic: 'url-and-headers',
    what: 'a URL of 9,000 bytes',
    send: request('GET', `/kv/${'a'.repeat(9000)}`),
    status: 414,
    code: 'uri-too-long',
  },
  {
    topic: 'url-and-headers',
    what: 'a query of 9,000 bytes',
    send: request('GET', `/kv?prefix=${'a'.repeat(9000)}`),
    status: 414,
    code: 'uri-too-long',
  },
  {
    topic: 'url-and-headers',
    what: 'a URL of 20,000 bytes',
    send: request('GET', `/kv/${'a'.repeat(20_000)}`),
    status: 431,
    headers: { connection: 'close' },
  },
  {
    topic: 'url-and-headers',
    what: 'a header of 20,000 bytes',
    send: request('GET', '/status', { headers: [`X: ${'a'.repeat(20_000)}`] }),
    status: 431,
    headers: { connection: 'close' },
  },
  {
    topic: 'url-and-headers',
    what: '300 headers',
    send: request('GET', '/status', { headers: Array<string>(300).fill('X: a') }),
    status: 431,
    headers: { connection: 'close' },
  },
  {
    topic: 'url-and-headers',
    what: '40,000 parameters that nobody knows',
    send: request('GET', `/kv?${'x&'.repeat(4000)}`),
    ...bad,
  },
  {
    topic: 'big-transactions',
    what: '129 operations',
    send: json('POST', '/txn', { success: operations(129) }),
    ...many,
  },
  {
    topic: 'big-transactions',
    what: '129 operations, of which some are nested',
    send: json('POST', '/txn', {
      success: [...operations(64), { txn: { failure: operations(64) } }],
    }),
    ...many,
  },
  {
    topic: 'big-transactions',
    what: '130 transactions in each other',
    send: json('POST', '/txn', nested(130)),
    ...bad,
  },
  {
    topic: 'big-transactions',
    what: '100,000 comparisons',
    send: json('POST', '/txn', {
      compare: Array(12_000).fill({ key: 'a', target: 'version', op: '=', value: 1 }),
    }),
    ...many,
  },
  ...['10001', '0', '-1', '1.5', '1e9', '99999999999999999999', '', 'x', '%31%30%30%30%31'].map(
    (limit): Row => ({
      topic: 'unbounded-ranges',
      what: `a page of ${JSON.stringify(limit)}`,
      send: request('GET', `/kv?prefix=&limit=${limit}`),
      ...bad,
    }),
  ),
  {
    topic: 'unbounded-ranges',
    what: 'the deletion of a range that is not named',
    send: request('DELETE', '/kv'),
    ...bad,
  },
  ...['['.repeat(100_000), `${'{"a":'.repeat(50_000)}1`, `{"success":${'['.repeat(600_000)}`].map(
    (body): Row => ({
      topic: 'deep-json',
      what: `${body.length} bytes of brackets: ${body.slice(0, 20)}`,
      send: json('POST', '/txn', body),
      ...bad,
    }),
  ),
  ...[0, -1, 1.5, 1e10, '60', null, [60], true, Number.MAX_SAFE_INTEGER].map(
    (ttl): Row => ({
      topic: 'lease-flood',
      what: `a lease of ${JSON.stringify(ttl)} seconds`,
      send: json('POST', '/leases', { ttl }),
      ...bad,
    }),
  ),
  {
    topic: 'lease-flood',
    what: 'a lease of 1e400 seconds',
    send: json('POST', '/leases', '{"ttl":1e400}'),
    ...bad,
  },
  ...['0s', '-1s', '1e9s', '99999999999s', '1', 's', ''].map(
    (ttl): Row => ({
      topic: 'lease-flood',
      what: `a key for ${JSON.stringify(ttl)}`,
      send: request('PUT', `/kv/a?ttl=${ttl}`, { body: 'x' }),
      ...bad,
    }),
  ),
  {
    topic: 'long-waits',
    what: 'a request that may take an hour',
    send: request('GET', '/kv/a', { headers: ['Abcd-Timeout: 1h'] }),
    ...bad,
  },
  {
    topic: 'long-waits',
    what: 'a wait of a day for a lock',
    send: json('POST', '/locks/a', { ttl: 60, wait: '24h' }),
    ...bad,
  },
  {
    topic: 'long-waits',
    what: 'a wait of a day for a change',
    send: request('GET', '/kv/a?after=1&wait=24h'),
    ...bad,
  },
];
