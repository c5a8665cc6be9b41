import { describe, expect, test } from 'bun:test';
import type { LeaseId } from '../../../src/kv/command.ts';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';

const LEASE = '255';
const OTHER = '256';

function start(shutdown?: AbortSignal): TestApp {
  const app = testApp(TEST_CONFIG, shutdown);
  for (const id of [LEASE, OTHER]) {
    app.node.apply({ kind: 'lease-grant', id: id as LeaseId, ttl: 30 });
  }
  return app;
}

function post(app: TestApp, path: string, body: unknown, headers: Record<string, string> = {}) {
  const type = { 'content-type': 'application/json' };
  return app.send('POST', path, { headers: { ...type, ...headers }, body: JSON.stringify(body) });
}

/** A candidate that leads, or waits to. */
function candidate(app: TestApp, lease: string, value = `I am ${lease}`): void {
  const pair = {
    key: bytesOfText(`e/${BigInt(lease).toString(16)}`),
    value: bytesOfText(value),
  };
  const put = { kind: 'put', ...pair, lease: lease as LeaseId } as const;
  app.node.apply({ ...put, condition: null, prev: false });
}

async function codeOf(answer: Response): Promise<string> {
  return `${answer.status} ${(await answer.json()).code}`;
}

describe('campaign', () => {
  test('answers when the candidate leads', async () => {
    const app = start();
    const answer = await post(app, '/elections/e/campaign', { value: 'v', lease: LEASE });
    expect(answer.status).toBe(200);
    const held = { name: 'e', key: 'e/ff', lease: LEASE, fencingToken: 2 };
    expect(await answer.json()).toEqual(held);
    expect(await (await app.send('GET', '/elections/e')).json()).toEqual({
      name: 'e',
      leader: { key: 'e/ff', lease: LEASE, fencingToken: 2, value: 'v', modRevision: 2 },
      queue: [],
      waiting: 0,
      revision: 2,
    });
  });

  test('ends with the wait, and names the leader', async () => {
    const app = start();
    candidate(app, OTHER);
    const answer = await post(app, '/elections/e/campaign', { value: 'v', wait: '0s' });
    expect(answer.status).toBe(409);
    const holder = { key: 'e/100', lease: OTHER, fencingToken: 2 };
    expect(await answer.json()).toMatchObject({ code: 'locked', applied: 'no', holder });
    expect(app.node.store.count(bytesOfText('e/'), null)).toBe(1);
  });

  test.each([
    ['no value', {}],
    ['a value that is none', { value: 5 }],
    ['a lone surrogate', { value: '\udc00' }],
    ['bad base64', { value: { base64: '_w==' } }],
    ['an owner', { value: '', owner: 'x' }],
    ['a lease and a ttl', { value: '', lease: LEASE, ttl: 5 }],
  ])('refuses %s', async (_what, body) => {
    const app = start();
    const answer = await post(app, '/elections/e/campaign', body);
    expect(await codeOf(answer)).toBe('400 bad-request');
    expect(app.node.calls).toEqual([]);
  });

  test('takes any bytes for a value, and not too many', async () => {
    const app = start();
    const bytes = { base64: Buffer.from([0xff, 0]).toString('base64') };
    await post(app, '/elections/e/campaign', { value: bytes, lease: LEASE });
    const { leader } = await (await app.send('GET', '/elections/e')).json();
    expect(leader).toMatchObject({ value: '/wA=', encoding: 'base64' });
    const large = { value: 'x'.repeat(TEST_CONFIG.limits.valueBytes + 1) };
    expect(await codeOf(await post(app, '/elections/e/campaign', large))).toBe(
      '413 value-too-large',
    );
  });
});

describe('proclaim and resign', () => {
  test('of the leader', async () => {
    const app = start();
    candidate(app, LEASE);
    candidate(app, OTHER);
    const said = await post(app, '/elections/e/proclaim', { lease: LEASE, value: 'news' });
    expect(said.headers.get('abcd-revision')).toBe('4');
    const held = { name: 'e', key: 'e/ff', lease: LEASE, fencingToken: 2 };
    expect(await said.json()).toEqual({ ...held, revision: 4 });
    const before = await (await app.send('GET', '/elections/e')).json();
    expect(before.leader).toMatchObject({ value: 'news', fencingToken: 2, modRevision: 4 });
    expect(before.queue).toEqual([{ key: 'e/100', lease: OTHER, fencingToken: 3 }]);
    const resigned = await post(app, '/elections/e/resign', { lease: LEASE });
    expect(await resigned.json()).toEqual({ deleted: 1, revision: 5 });
    const after = await (await app.send('GET', '/elections/e')).json();
    expect(after.leader).toMatchObject({ lease: OTHER, value: `I am ${OTHER}` });
    expect(app.node.store.lease(LEASE as LeaseId)).toBeDefined();
  });

  test('the key stays with its lease', async () => {
    const app = start();
    candidate(app, LEASE);
    await post(app, '/elections/e/proclaim', { lease: LEASE, value: 'news' });
    app.node.apply({ kind: 'lease-revoke', id: LEASE as LeaseId });
    expect((await (await app.send('GET', '/elections/e')).json()).leader).toBeNull();
  });

  test.each(['proclaim', 'resign'])('%s of anybody else is refused', async (act) => {
    const app = start();
    candidate(app, LEASE);
    candidate(app, OTHER);
    const value = act === 'proclaim' ? { value: '' } : {};
    const ask = async (lease: string) =>
      codeOf(await post(app, `/elections/e/${act}`, { lease, ...value }));
    expect(await ask(OTHER)).toBe('409 not-leading');
    expect(await ask('5')).toBe('404 lease-not-found');
    expect(app.node.store.revision).toBe(3);
  });

  test.each(['proclaim', 'resign'])('%s of one that has just lost is refused', async (act) => {
    const app = start();
    candidate(app, LEASE);
    app.node.hold = () => {
      app.node.hold = () => {
        app.node.apply({ kind: 'lease-revoke', id: LEASE as LeaseId });
        return Promise.resolve();
      };
      return Promise.resolve();
    };
    const value = act === 'proclaim' ? { value: '' } : {};
    const answer = await post(app, `/elections/e/${act}`, { lease: LEASE, ...value });
    expect(await codeOf(answer)).toBe('409 not-leading');
  });

  test('under an idempotency key have one effect and give the first answer', async () => {
    const app = start();
    candidate(app, LEASE);
    const resign = async (key: string): Promise<unknown> => {
      const headers = { 'idempotency-key': key };
      const answer = await post(app, '/elections/e/resign', { lease: LEASE }, headers);
      return { status: answer.status, ...(await answer.json()) };
    };
    const first = await resign('k1');
    expect(first).toEqual({ status: 200, deleted: 1, revision: 3 });
    candidate(app, LEASE);
    expect(await resign('k1')).toEqual(first);
    expect((await (await app.send('GET', '/elections/e')).json()).leader).not.toBeNull();
    expect(await resign('k2')).toMatchObject({ status: 200 });
  });

  test.each([
    ['proclaim', { value: 'news' }, { fencingToken: 2, revision: 4 }],
    ['resign', {}, { deleted: 1, revision: 4 }],
  ])('%s whose answer was lost is found by its key', async (act, fields, answer) => {
    const app = start();
    candidate(app, LEASE);
    candidate(app, OTHER);
    const { node } = app;
    const ask = async (key: string) => {
      const body = { lease: LEASE, ...fields };
      const headers = { 'idempotency-key': key };
      const response = await post(app, `/elections/e/${act}`, body, headers);
      return { status: response.status, ...(await response.json()) };
    };
    const propose = node.propose.bind(node);
    node.propose = async (proposal, context) => {
      await propose(proposal, context);
      node.propose = propose;
      throw new ApiError('timeout', 'The write may or may not have happened.');
    };
    expect(await ask('k1')).toMatchObject({ status: 504, applied: 'unknown' });
    node.apply({ kind: 'lease-revoke', id: LEASE as LeaseId });
    for (let time = 0; time < 2; time += 1) {
      expect(await ask('k1')).toMatchObject({ status: 200, ...answer });
    }
    expect(await ask('k2')).toMatchObject({ status: 404, code: 'lease-not-found' });
  });

  test('an attempt that came too late is told to be in vain, whoever leads now', async () => {
    const app = start();
    candidate(app, LEASE);
    const { node } = app;
    const propose = node.propose.bind(node);
    node.propose = async (proposal, context) => {
      node.apply({ kind: 'lease-revoke', id: LEASE as LeaseId });
      await propose(proposal, context);
      node.propose = propose;
      throw new ApiError('timeout', 'The write may or may not have happened.');
    };
    const resign = async () => {
      const headers = { 'idempotency-key': 'k1' };
      return await codeOf(await post(app, '/elections/e/resign', { lease: LEASE }, headers));
    };
    expect(await resign()).toBe('504 timeout');
    node.apply({ kind: 'lease-grant', id: LEASE as LeaseId, ttl: 30 });
    candidate(app, LEASE);
    expect(await resign()).toBe('409 not-leading');
  });

  test.each([
    ['proclaim', {}],
    ['proclaim', { lease: LEASE }],
    ['proclaim', { lease: 255, value: '' }],
    ['proclaim', { lease: LEASE, value: '', wait: '5s' }],
    ['resign', {}],
    ['resign', { lease: LEASE, value: '' }],
  ])('%s %j is refused', async (act, body) => {
    const answer = await post(start(), `/elections/e/${act}`, body);
    expect(await codeOf(answer)).toBe('400 bad-request');
  });
});

describe('the path', () => {
  test.each([
    ['POST', '/elections/e', 'GET'],
    ['POST', '/elections/e/observe', 'GET'],
    ['POST', '/elections/campaign', 'GET'],
    ['POST', '/elections/e/campaign/', 'GET'],
    ['GET', '/elections/e/campaign', 'POST'],
    ['GET', '/elections/e/proclaim', 'POST'],
    ['GET', '/elections/a/b/resign', 'POST'],
    ['HEAD', '/elections/e', 'GET, POST'],
    ['DELETE', '/elections/e', 'GET, POST'],
  ])('%s %s is 405 with Allow: %s', async (method, path, allow) => {
    const app = start();
    const answer = await app.send(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allow);
    expect(app.node.calls).toEqual([]);
  });

  test.each([
    ['GET', '/elections/'],
    ['GET', '/elections//observe'],
    ['POST', '/elections//campaign'],
    ['GET', '/elections/%zz'],
  ])('%s %s has no name', async (method, path) => {
    expect(await codeOf(await start().send(method, path))).toBe('400 bad-key');
  });

  test.each([
    ['a/b', '/elections/a/b'],
    ['campaign', '/elections/campaign'],
    ['observe', '/elections/observe'],
    ['a/observe', '/elections/a%2Fobserve'],
    ['a/', '/elections/a/'],
  ])('the election %j is at %s', async (name, path) => {
    const app = start();
    const campaign = `/elections/${encodeURIComponent(name)}/campaign`;
    expect((await post(app, campaign, { value: 'x' })).status).toBe(200);
    const election = await (await app.send('GET', path)).json();
    expect(election).toMatchObject({ name, leader: { value: 'x' } });
  });
});

describe('observe', () => {
  /** What a stream says, until it has said so much. */
  class Reading {
    readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
    text = '';

    constructor(answer: Response) {
      if (answer.body === null) throw new Error('no body');
      this.#reader = answer.body.getReader();
    }

    async until(events: number, mark: RegExp): Promise<string[]> {
      while ((this.text.match(mark)?.length ?? 0) < events) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.text += new TextDecoder().decode(value);
      }
      return this.text.split('\n').filter((line) => line !== '');
    }

    async cancel(): Promise<void> {
      await this.#reader.cancel();
    }
  }

  const LINE = /\n/g;

  test('tells who leads, and each change, as server-sent events', async () => {
    const app = start();
    const answer = await app.send('GET', '/elections/e/observe');
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const reading = new Reading(answer);
    candidate(app, LEASE, 'one');
    const shown = { key: 'e/ff', value: 'one', lease: LEASE, fencingToken: 2, modRevision: 2 };
    expect(await reading.until(2, /event: leader\n.*\n\n/g)).toEqual([
      ': abcd election',
      'id: 1',
      'event: leader',
      'data: {"revision":1,"leader":null}',
      'id: 2',
      'event: leader',
      `data: ${JSON.stringify({ revision: 2, leader: shown })}`,
    ]);
    await reading.cancel();
    expect(app.node.changes.size).toBe(0);
  });

  test('tells it as lines, and only what changes', async () => {
    const app = start();
    candidate(app, LEASE, 'one');
    const headers = { accept: 'application/x-ndjson' };
    const answer = await app.send('GET', '/elections/e/observe', { headers });
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    const reading = new Reading(answer);
    candidate(app, OTHER, 'two');
    candidate(app, LEASE, 'uno');
    app.node.apply({ kind: 'lease-revoke', id: LEASE as LeaseId });
    app.node.apply({ kind: 'lease-revoke', id: OTHER as LeaseId });
    const lines = (await reading.until(4, LINE)).map((line) => JSON.parse(line));
    expect(lines.map(({ event, revision, leader }) => [event, revision, leader?.value])).toEqual([
      ['leader', 2, 'one'],
      ['leader', 4, 'uno'],
      ['leader', 5, 'two'],
      ['leader', 6, undefined],
    ]);
    await reading.cancel();
  });

  test('a reader that is too slow is told so, and nothing else', async () => {
    const app = start();
    const headers = { accept: 'application/x-ndjson' };
    const reading = new Reading(await app.send('GET', '/elections/e/observe', { headers }));
    for (let i = 0; i < 10; i += 1) candidate(app, LEASE, `${i}`.repeat(300_000));
    expect(app.node.changes.size).toBe(0);
    const lines = await reading.until(99, LINE);
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ event: 'canceled', reason: 'slow' });
    expect(reading.text.length).toBeLessThan(TEST_CONFIG.limits.watcherBytes);
  });

  test('ends when the node stops', async () => {
    const shutdown = new AbortController();
    const app = start(shutdown.signal);
    const reading = new Reading(await app.send('GET', '/elections/e/observe'));
    shutdown.abort();
    const lines = await reading.until(99, LINE);
    expect(lines.slice(-2)).toEqual(['event: canceled', 'data: {"reason":"shutdown"}']);
    expect(app.node.changes.size).toBe(0);
  });

  test('takes no parameters', async () => {
    expect((await start().send('GET', '/elections/e/observe?revision=5')).status).toBe(400);
  });
});
