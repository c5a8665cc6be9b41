import { describe, expect, test } from 'bun:test';
import {
  type AbcdClient,
  keyBytes,
  op,
  valueBytes,
  valueText,
  when,
} from '../../src/client/client.ts';
import { FakeNodes, type Got, ok, problem } from './fake-nodes.ts';

const A = 'http://a:1';
const PAIR = { key: 'k', value: 'é', createRevision: 3, modRevision: 7, version: 2 };
const BINARY = { ...PAIR, key: 'AP8=', keyEncoding: 'base64', value: '/wA=', encoding: 'base64' };

/** The one request that a call makes. */
async function requestOf(call: (client: AbcdClient) => Promise<unknown>): Promise<Got> {
  const nodes = new FakeNodes({ [A]: () => ok({ kvs: [], next: null, ...PAIR }) });
  await nodes.run(call(nodes.client()));
  const [got] = nodes.requests;
  if (got === undefined || nodes.requests.length > 1) throw new Error('not one request');
  return got;
}

const line = ({ method, path, body }: Got) => `${method} ${path}${body === '' ? '' : ` ${body}`}`;

describe('requests', () => {
  const cases: readonly [string, (client: AbcdClient) => Promise<unknown>][] = [
    ['GET /kv/a', (c) => c.get('a')],
    ['GET /kv/a%2Fb%20c%C3%A9', (c) => c.get('a/b cé')],
    ['GET /kv/%00%FFa.', (c) => c.get(new Uint8Array([0, 255, 97, 46]))],
    ['GET /kv?key=', (c) => c.get('')],
    ['GET /kv?key=.', (c) => c.get('.')],
    ['GET /kv?key=..', (c) => c.get(new Uint8Array([46, 46]))],
    ['GET /kv/...', (c) => c.get('...')],
    ['GET /kv/a?revision=0', (c) => c.get('a', { revision: 0 })],
    ['GET /kv/a?consistency=serializable', (c) => c.get('a', { serializable: true })],
    ['PUT /kv/a é', (c) => c.put('a', 'é')],
    ['PUT /kv/a?lease=12&prev é', (c) => c.put('a', 'é', { lease: { id: '12' }, prev: true })],
    ['PUT /kv?key=.&ttl=30s é', (c) => c.put('.', 'é', { ttl: 30 })],
    ['DELETE /kv/a?prev', (c) => c.delete('a', { prev: true })],
    ['DELETE /kv?prefix=a%2F', (c) => c.deleteRange({ prefix: 'a/' })],
    ['GET /kv?prefix=', (c) => c.list({ prefix: '' })],
    [
      'GET /kv?start=a&end=b&limit=5&order=desc',
      (c) => c.list({ start: 'a', end: 'b' }, { limit: 5, order: 'desc' }),
    ],
    [
      'GET /kv?end=%FF&sort=mod&minModRevision=2',
      (c) => c.list({ end: new Uint8Array([255]) }, { sort: 'mod', minModRevision: 2 }),
    ],
    [
      'GET /kv?prefix=a&cursor=x&consistency=serializable',
      (c) => c.list({ prefix: 'a' }, { cursor: 'x', serializable: true, timeoutMs: 100 }),
    ],
    ['GET /kv?prefix=a&keysOnly', (c) => c.listKeys({ prefix: 'a' })],
    ['GET /kv?prefix=a&countOnly', (c) => c.count({ prefix: 'a' })],
    ['GET /history/a%2Fb?limit=3', (c) => c.history('a/b', { limit: 3 })],
    ['POST /compact {"revision":9}', (c) => c.compact(9)],
    ['GET /cluster', (c) => c.cluster.get()],
    [
      'POST /cluster/members {"url":"http://d:1","name":"n4"}',
      (c) => c.cluster.add('http://d:1', { name: 'n4' }),
    ],
    ['DELETE /cluster/members/4', (c) => c.cluster.remove('4')],
    ['PUT /cluster/members/4 {"url":"http://e:1"}', (c) => c.cluster.move('4', 'http://e:1')],
    ['POST /cluster/members/4/promote', (c) => c.cluster.promote('4')],
    ['POST /cluster/leader {"to":"4"}', (c) => c.cluster.transferLeadership('4')],
    ['POST /cluster/leader {}', (c) => c.cluster.transferLeadership()],
    ['GET /status', (c) => c.node(`${A}/`).status()],
    ['GET /hash?revision=4', (c) => c.node(A).hash({ revision: 4 })],
  ];
  test.each(cases)('%s', async (expected, call) => {
    expect(line(await requestOf(call))).toBe(expected);
  });

  test.each([
    [{ ifAbsent: true }, null, '*'],
    [{ ifRevision: 0 }, null, '*'],
    [{ ifRevision: 7 }, '"7"', null],
    [{}, null, null],
  ])('the condition %j', async (options, ifMatch, ifNoneMatch) => {
    const { headers } = await requestOf((client) => client.put('a', '', options));
    expect([headers.get('if-match'), headers.get('if-none-match')]).toEqual([ifMatch, ifNoneMatch]);
  });

  test('bytes go as they are', async () => {
    const nodes = new FakeNodes({});
    const sent: unknown[] = [];
    const fetch = (_: string, init: RequestInit = {}) => {
      sent.push(init.body);
      return Promise.resolve(ok(PAIR));
    };
    const client = nodes.client({ endpoints: A, fetch });
    await client.put('a', new Uint8Array([0, 255, 10]));
    expect(sent).toEqual([new Uint8Array([0, 255, 10])]);
  });

  test('a text that UTF-8 cannot say is refused before anything is sent', async () => {
    const nodes = new FakeNodes({ [A]: () => ok(PAIR) });
    const client = nodes.client();
    const half = '\ud83d';
    const calls: readonly (() => Promise<unknown>)[] = [
      () => client.get(`a${half}`),
      () => client.put('a', half),
      async () => await client.txn({ success: [op.put('a', half)] }),
      () => client.list({ prefix: half }),
      () => client.lock(half),
    ];
    for (const call of calls) {
      const failure = await call().catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'bad-text', applied: 'no' });
    }
    expect(nodes.requests).toEqual([]);
  });
});

describe('answers', () => {
  test('a pair, its text and its bytes', async () => {
    const nodes = new FakeNodes({ [A]: () => ok(PAIR) });
    expect(await nodes.run(nodes.client().get('k'))).toEqual(PAIR as never);
    expect(await nodes.run(nodes.client().getText('k'))).toBe('é');
    const raw = new FakeNodes({
      [A]: () => new Response('\0x', { headers: { 'content-type': 'application/octet-stream' } }),
    });
    expect(await raw.run(raw.client().getBytes('k'))).toEqual(new Uint8Array([0, 120]));
    expect(raw.requests[0]?.path).toBe('/kv/k?raw');
  });

  test('base64 is undone by helpers, and is no text', async () => {
    const nodes = new FakeNodes({ [A]: () => ok(BINARY) });
    const pair = await nodes.run(nodes.client().get('k'));
    if (pair === null) throw new Error('no pair');
    expect(keyBytes(pair)).toEqual(new Uint8Array([0, 255]));
    expect(valueBytes(pair)).toEqual(new Uint8Array([255, 0]));
    expect(() => valueText(pair)).toThrow('not-text');
    expect(keyBytes({ key: 'é' })).toEqual(new Uint8Array([0xc3, 0xa9]));
  });

  test('a key that is not there is null, and so are its text and bytes', async () => {
    const nodes = new FakeNodes({ [A]: () => problem(404, 'key-not-found', { revision: 4 }) });
    const client = nodes.client();
    expect(await nodes.run(client.get('k'))).toBeNull();
    expect(await nodes.run(client.getText('k'))).toBeNull();
    expect(await nodes.run(client.getBytes('k'))).toBeNull();
  });

  test('all pairs come page by page, with the same question', async () => {
    const nodes = new FakeNodes({
      [A]: ({ path }) => {
        const isSecond = path.includes('cursor=next');
        const kvs = [{ ...PAIR, key: isSecond ? 'b' : 'a' }];
        return ok({ revision: 7, count: 2, kvs, next: isSecond ? null : 'next' });
      },
    });
    const keys: string[] = [];
    const read = async () => {
      for await (const { key } of nodes.client().all({ prefix: '' }, { order: 'desc', limit: 1 })) {
        keys.push(key);
      }
    };
    await nodes.run(read());
    expect(keys).toEqual(['a', 'b']);
    expect(nodes.requests.map(({ path }) => path)).toEqual([
      '/kv?prefix=&order=desc&limit=1',
      '/kv?prefix=&order=desc&limit=1&cursor=next',
    ]);
  });
});

describe('update', () => {
  test('begins again with what somebody else wrote meanwhile', async () => {
    let value = 5;
    let modRevision = 10;
    const nodes = new FakeNodes({
      [A]: ({ method, headers, body }) => {
        if (method === 'GET') {
          const answer = ok({ ...PAIR, value: `${value}`, modRevision });
          // Somebody else counts, once, right after the first look.
          if (modRevision === 10) [value, modRevision] = [6, 11];
          return answer;
        }
        if (headers.get('if-match') !== `"${modRevision}"`) {
          return problem(412, 'precondition-failed', { modRevision });
        }
        value = Number(body);
        return ok({ key: 'k', revision: 12, created: false });
      },
    });
    const increment = (pair: { readonly value: string } | null) =>
      `${Number(pair?.value ?? 0) + 1}`;
    await nodes.run(nodes.client().update('k', increment));
    expect(value).toBe(7);
    expect(nodes.requests.map(({ method }) => method)).toEqual(['GET', 'PUT', 'GET', 'PUT']);
  });

  test('creates what is not there, and fails as what it is made of fails', async () => {
    const nodes = new FakeNodes({
      [A]: ({ method, headers }) => {
        if (method === 'GET') return problem(404, 'key-not-found', { revision: 1 });
        return headers.get('if-none-match') === '*' ? problem(507, 'quota-exceeded') : ok({});
      },
    });
    const failure = await nodes.run(
      nodes
        .client()
        .update('k', () => 'x')
        .catch((e: unknown) => e),
    );
    expect(failure).toMatchObject({ code: 'quota-exceeded' });
  });
});

describe('waitFor', () => {
  test('asks again when a node has waited long enough, until the key changes', async () => {
    let polls = 0;
    const nodes = new FakeNodes({
      [A]: ({ path }) => {
        if (!path.includes('after')) return ok(PAIR);
        polls += 1;
        return polls < 3 ? new Response(null, { status: 304 }) : ok({ ...PAIR, modRevision: 9 });
      },
    });
    const pair = await nodes.run(nodes.client().waitFor('k'));
    expect(pair?.modRevision).toBe(9);
    expect(nodes.requests.map(({ path }) => path)).toEqual([
      '/kv/k',
      ...Array<string>(3).fill('/kv/k?after=7&wait=20000ms'),
    ]);
  });

  test('waits for a key that is not there from the revision as of which it is not', async () => {
    const nodes = new FakeNodes({
      [A]: ({ path }) =>
        path.includes('after') ? ok(PAIR) : problem(404, 'key-not-found', { revision: 5 }),
    });
    await nodes.run(nodes.client().waitFor('k', { timeoutMs: 1000 }));
    expect(nodes.requests[1]?.path).toMatch(/^\/kv\/k\?after=5&wait=9\d\dms$|wait=1000ms$/);
  });

  test('says when the key is deleted, and when nothing happened in time', async () => {
    const gone = new FakeNodes({ [A]: () => problem(404, 'key-not-found', { revision: 9 }) });
    expect(await gone.run(gone.client().waitFor('k', { after: 7 }))).toBeNull();
    const quiet: FakeNodes = new FakeNodes({
      [A]: async () => {
        await new Promise<void>((resolve) => {
          quiet.clock.setTimer(1000, resolve);
        });
        return new Response(null, { status: 304 });
      },
    });
    const wait = quiet.client().waitFor('k', { after: 7, timeoutMs: 1000 });
    const failure = await quiet.run(wait.catch((error: unknown) => error));
    expect(failure).toMatchObject({ code: 'timeout', applied: 'no' });
  });
});

test('transactions are made of parts', async () => {
  const bytes = new Uint8Array([255]);
  const { path, body, headers } = await requestOf((client) =>
    client.txn({
      compare: [
        when.value('a', '=', 'x'),
        when.value(bytes, '!=', bytes),
        when.version('a', '>', 1),
        when.created('a', '<', 2),
        when.upTo('b', when.modified('a', '<', 3)),
        when.lease('a', '=', { id: '7' }),
        when.exists('a'),
        when.absent('b'),
      ],
      success: [
        op.put('a', 'v', { lease: '7', prev: true }),
        op.delete('b', { end: 'c', prev: true }),
      ],
      failure: [op.get('a', { end: 'b', limit: 2 }), op.txn({ success: [op.put('c', bytes)] })],
    }),
  );
  expect(path).toBe('/txn');
  expect(headers.get('content-type')).toBe('application/json');
  const ff = { base64: '/w==' };
  expect(JSON.parse(body)).toEqual({
    compare: [
      { key: 'a', target: 'value', op: '=', value: 'x' },
      { key: ff, target: 'value', op: '!=', value: ff },
      { key: 'a', target: 'version', op: '>', value: 1 },
      { key: 'a', target: 'create', op: '<', value: 2 },
      { key: 'a', end: 'b', target: 'mod', op: '<', value: 3 },
      { key: 'a', target: 'lease', op: '=', value: '7' },
      { key: 'a', target: 'version', op: '>', value: 0 },
      { key: 'b', target: 'version', op: '=', value: 0 },
    ],
    success: [
      { put: { key: 'a', value: 'v', lease: '7', prev: true } },
      { delete: { key: 'b', end: 'c', prev: true } },
    ],
    failure: [
      { get: { key: 'a', end: 'b', limit: 2 } },
      {
        txn: { compare: [], success: [{ put: { key: 'c', value: ff } }], failure: [] },
      },
    ],
  });
});
