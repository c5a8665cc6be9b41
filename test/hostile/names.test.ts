/**
 * HOSTILE NAMES, through everything that keeps them: log, snapshot, restart, watch, and the line
 * that a log writes of them. A key is its bytes, whatever they look like to somebody.
 */
import { expect, test } from 'bun:test';
import { ProcessCluster } from '../support/process-cluster.ts';
import { exchange, request } from './support/row.ts';

/** As they stand in a URL; in the order of their bytes. */
const NAMES = [
  '%00',
  '%0A%0D',
  '%2525',
  '%2F..%2F',
  '..%2F..%2Fetc%2Fpasswd',
  '10',
  '2',
  '9',
  '%3Cscript%3Ealert(1)%3C%2Fscript%3E',
  '__proto__',
  'caf%C3%A9',
  'cafe%CC%81',
  'constructor',
  'hasOwnProperty',
  'toString',
  '%C0%80',
  '%C3',
  '%D0%B0',
  '%E2%80%A8%E2%80%A9',
  '%E2%80%AE',
  '%ED%A0%80',
  '%EF%BB%BF',
  '%EF%BF%BD',
  '%EF%BF%BF',
  '%F0%9F%98%80',
  '%FF%FE',
] as const;

function bytesOf(encoded: string): Buffer {
  const text = encoded.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16));
  });
  return Buffer.from(text, 'latin1');
}

interface Shown {
  readonly key: string;
  readonly keyEncoding?: string;
}

function shown({ key, keyEncoding }: Shown): string {
  return Buffer.from(key, keyEncoding === 'base64' ? 'base64' : 'utf8').toString('latin1');
}

const EXPECTED = NAMES.map((name) => bytesOf(name).toString('latin1')).toSorted((a, b) => {
  return a < b ? -1 : 1;
});

test('names that have broken other stores', async () => {
  const small = ['--snapshot-wal-bytes', '64KiB', '--reserve-bytes', '0'];
  await using cluster = await ProcessCluster.start({ size: 1, args: small });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  const keysNow = async (): Promise<string[]> => {
    const answer = (await (await fetch(`${node.url}/kv?prefix=`)).json()) as { kvs: Shown[] };
    return answer.kvs.map((pair) => shown(pair)).filter((key) => !key.startsWith('zz'));
  };
  for (const name of NAMES) {
    const options = { method: 'PUT', body: Uint8Array.from(bytesOf(name)) };
    expect((await fetch(`${node.url}/kv?key=${name}`, options)).status).toBe(201);
  }
  expect(await keysNow()).toEqual(EXPECTED);
  // From the log alone, and then from a snapshot and the log.
  await node.kill();
  await node.restart().up();
  await cluster.leader();
  expect(await keysNow()).toEqual(EXPECTED);
  const { snapshotIndex } = await node.status();
  for (let n = 0; (await node.status()).snapshotIndex === snapshotIndex; n += 1) {
    await fetch(`${node.url}/kv/zz${n % 9}`, { method: 'PUT', body: 'x'.repeat(10_000) });
  }
  await node.kill();
  await node.restart().up();
  await cluster.leader();
  expect(await keysNow()).toEqual(EXPECTED);
  for (const name of NAMES) {
    const value = await (await fetch(`${node.url}/kv?key=${name}&raw`)).bytes();
    expect(Buffer.from(value).equals(bytesOf(name))).toBe(true);
  }
  expect(await watched(node.url)).toEqual(NAMES.map((name) => bytesOf(name).toString('latin1')));
});

/** The keys of the first changes, as a watch tells them. */
async function watched(url: string): Promise<string[]> {
  const headers = { accept: 'application/x-ndjson' };
  const gone = new AbortController();
  const answer = await fetch(`${url}/watch?prefix=&revision=2`, { headers, signal: gone.signal });
  const keys: string[] = [];
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += Buffer.from(chunk).toString();
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const { events = [] } = JSON.parse(line) as { events?: Shown[] };
      keys.push(...events.map((event) => shown(event)));
    }
    if (keys.length >= NAMES.length) break;
  }
  gone.abort();
  return keys.slice(0, NAMES.length);
}

test('a value is never a page', async () => {
  await using cluster = await ProcessCluster.start({ size: 1, args: ['--reserve-bytes', '0'] });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  const page = '<!doctype html><script>alert(1)</script>';
  const type = { 'content-type': 'text/html' };
  await fetch(`${node.url}/kv/page.html`, { method: 'PUT', body: page, headers: type });
  const accept = { accept: 'text/html,*/*' };
  for (const path of [
    '/kv/page.html',
    '/kv/page.html?raw',
    '/kv?prefix=page',
    '/history/page.html',
  ]) {
    const { headers } = await fetch(`${node.url}${path}`, { headers: accept });
    const found = headers.get('content-type') ?? '';
    expect([path, /^application\/(json|octet-stream)/.test(found)]).toEqual([path, true]);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test.each(['json', 'pretty'])('nothing that a client says forges the log: %s', async (form) => {
  const args = ['--reserve-bytes', '0', '--log-console', form, '--log-level', 'trace'];
  await using cluster = await ProcessCluster.start({ size: 1, args });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  const forged = '%0A{"level":"fatal","msg":"forged"}%0A';
  const escape = '%1B[2J%1B]0;owned%07';
  for (const text of [forged, escape]) {
    await exchange(request('PUT', `/kv/${text.replaceAll('"', '%22')}`, { body: text }), node.port);
    await exchange(request('GET', `/${text.replaceAll('"', '%22')}`), node.port);
    const headers = [`X-Request-Id: ${text}`, `Idempotency-Key: ${text}`, `traceparent: ${text}`];
    await exchange(request('DELETE', '/kv/a', { headers }), node.port);
  }
  await node.stop();
  const lines = node.output.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(20);
  for (const line of lines) {
    expect(line).not.toMatch(/^\{"level":"fatal"/);
    if (form === 'json') expect(JSON.parse(line)).toHaveProperty('msg');
  }
  expect(node.output).not.toContain('\u001b');
});
