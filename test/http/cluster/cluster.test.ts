import { describe, expect, test } from 'bun:test';
import { FAKE_CLUSTER, FAKE_MEMBER, FakeFaults, OTHER_MEMBER } from '../../support/fake-node.ts';
import { type SendOptions, testApp } from '../../support/http.ts';

function json(body: unknown, headers: Record<string, string> = {}): SendOptions {
  return {
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

describe('/cluster', () => {
  test('lists the members as clients see them', async () => {
    const answer = await testApp().send('GET', '/cluster');
    expect(await answer.json()).toEqual({
      clusterId: FAKE_CLUSTER,
      leader: FAKE_MEMBER,
      term: 7,
      members: [
        {
          id: FAKE_MEMBER,
          name: 'n1',
          url: 'http://10.0.0.1:8080',
          role: 'voter',
          reachable: true,
        },
        {
          id: OTHER_MEMBER,
          name: 'n2',
          url: 'http://10.0.0.2:8080',
          role: 'learner',
          reachable: false,
        },
      ],
    });
  });

  test('/cluster/state is the state of this node', async () => {
    const { send, node } = testApp();
    expect(await (await send('GET', '/cluster/state')).json()).toEqual(node.consensusState());
  });

  test('POST /cluster/leader names the new leader', async () => {
    const { send, node } = testApp();
    for (const options of [json({ to: FAKE_MEMBER }), json({ to: null }), json({}), {}]) {
      expect((await send('POST', '/cluster/leader', options)).status).toBe(200);
    }
    const targets = node.calls.map(({ argument }) => argument);
    expect(targets).toEqual([FAKE_MEMBER, null, null, null]);
    const answer = await send('POST', '/cluster/leader', json({ to: OTHER_MEMBER }));
    expect(await answer.json()).toEqual({ leader: OTHER_MEMBER });
  });
});

describe('members', () => {
  test('POST adds one: 201 with the member, the configuration and the cluster', async () => {
    const { send, node } = testApp();
    const body = { url: 'http://10.0.0.3:8080/', name: 'n3', id: '42' };
    const answer = await send('POST', '/cluster/members', json(body));
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({
      clusterId: FAKE_CLUSTER,
      member: { id: '42', name: 'n3', clientUrls: ['http://10.0.0.3:8080'], learner: true },
      configuration: { members: [{ id: '42' }], removed: [] },
    });
    expect(node.calls[0]?.argument).toEqual({ id: '42', name: 'n3', url: 'http://10.0.0.3:8080' });
  });

  test('name and id may be left out', async () => {
    const { send, node } = testApp();
    await send('POST', '/cluster/members', json({ url: 'https://a.example' }));
    expect(node.calls[0]?.argument).toEqual({ id: null, name: null, url: 'https://a.example' });
  });

  test('PUT, DELETE and promote act on the member in the path', async () => {
    const { send, node } = testApp();
    const path = `/cluster/members/${OTHER_MEMBER}`;
    expect((await send('PUT', path, json({ url: 'http://10.0.0.9:1' }))).status).toBe(200);
    expect((await send('DELETE', path)).status).toBe(200);
    expect((await send('POST', `${path}/promote`)).status).toBe(200);
    expect(node.calls).toEqual([
      { name: 'updateMember', argument: { id: OTHER_MEMBER, url: 'http://10.0.0.9:1' } },
      { name: 'removeMember', argument: OTHER_MEMBER },
      { name: 'promoteMember', argument: OTHER_MEMBER },
    ]);
  });

  test.each(['x', '0', '01', '-1', '1.5', '9223372036854775808', '%31%zz', '__proto__'])(
    'the id %s is refused',
    async (id) => {
      const { send, node } = testApp();
      const path = `/cluster/members/${id}`;
      expect((await send('PUT', path, json({ url: 'http://10.0.0.9:1' }))).status).toBe(400);
      expect((await send('DELETE', path)).status).toBe(400);
      expect((await send('POST', `${path}/promote`)).status).toBe(400);
      expect(node.calls).toEqual([]);
    },
  );

  test.each([
    'ftp://10.0.0.1',
    'http://user:secret@10.0.0.1',
    'http://10.0.0.1/path',
    'http://10.0.0.1/?q',
    'http://10.0.0.1/#f',
    '10.0.0.1:8080',
    'http://',
    '',
    `http://${'a'.repeat(3000)}`,
  ])('the URL %s is refused', async (url) => {
    const { send, node } = testApp();
    expect((await send('POST', '/cluster/members', json({ url }))).status).toBe(400);
    expect((await send('PUT', '/cluster/members/5', json({ url }))).status).toBe(400);
    expect(node.calls).toEqual([]);
  });
});

describe('JSON bodies', () => {
  const url = 'http://10.0.0.1:1';

  test.each([
    ['no JSON', '{'],
    ['trailing garbage', '{} x'],
    ['a byte order mark', '\ufeff{}'],
    ['NaN', '{"url":NaN}'],
    ['no object', '[]'],
    ['null', 'null'],
    ['text', '"x"'],
    ['a missing field', '{}'],
    ['an unknown field', { url, extra: 1 }],
    ['__proto__ as a field', `{"url":"${url}","__proto__":{}}`],
    ['a wrong type', { url: 5 }],
    ['an id that is a number', { url, id: 5 }],
    ['a malformed name', { url, name: 'a/b' }],
    ['an empty name', { url, name: '' }],
    ['depth', '['.repeat(200_000)],
  ])('with %s are 400 bad-request', async (_what, body) => {
    const { send, node, logged } = testApp();
    const answer = await send('POST', '/cluster/members', json(body));
    expect(answer.status).toBe(400);
    expect((await answer.json()).code).toBe('bad-request');
    expect(node.calls).toEqual([]);
    expect(logged).toEqual([]);
  });

  test('that are not UTF-8 are 400', async () => {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    const headers = { 'content-type': 'application/json' };
    expect((await testApp().send('POST', '/cluster/members', { headers, body })).status).toBe(400);
  });

  test('the refusal says where, and does not repeat the body', async () => {
    const body = { url, name: '<secret>' };
    const answer = await testApp().send('POST', '/cluster/members', json(body));
    const text = await answer.text();
    expect(text).toContain('/name');
    expect(text).not.toContain('secret');
  });

  test.each(['', 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'])(
    'as %j are 415',
    async (type) => {
      const { send, node } = testApp();
      const options = json({ url }, { 'content-type': type });
      const answer = await send('POST', '/cluster/members', options);
      expect(answer.status).toBe(415);
      expect((await answer.json()).code).toBe('unsupported-media-type');
      expect(node.calls).toEqual([]);
    },
  );

  test('may state a charset', async () => {
    const options = json({ url }, { 'content-type': 'Application/JSON; charset=utf-8' });
    expect((await testApp().send('POST', '/cluster/members', options)).status).toBe(201);
  });

  test('over the limit are 413', async () => {
    const answer = await testApp().send('POST', '/cluster/members', json(' '.repeat(2 ** 21)));
    expect(answer.status).toBe(413);
    expect((await answer.json()).code).toBe('body-too-large');
  });

  test('that are encoded are 415', async () => {
    const options = json({ url }, { 'content-encoding': 'gzip' });
    expect((await testApp().send('POST', '/cluster/members', options)).status).toBe(415);
  });
});

describe('faults', () => {
  const fault = { peer: OTHER_MEMBER, direction: 'out', cut: false, delayMs: 50 };
  const full = { ...fault, dropRate: 0.1, ttlSeconds: 30 };

  test('PUT replaces, GET lists, DELETE clears', async () => {
    const { send, node } = testApp();
    node.faults = new FakeFaults();
    const set = await send('PUT', '/faults', json({ faults: [full] }));
    expect(await set.json()).toEqual({ faults: [full] });
    expect(await (await send('GET', '/faults')).json()).toEqual({ faults: [full] });
    expect(await (await send('DELETE', '/faults')).json()).toEqual({ faults: [] });
    expect(node.faults.list()).toEqual([]);
  });

  test.each([
    [{ faults: [fault] }],
    [{ faults: [{ ...full, dropRate: 1.1 }] }],
    [{ faults: [{ ...full, dropRate: -0.1 }] }],
    [{ faults: [{ ...full, delayMs: -1 }] }],
    [{ faults: [{ ...full, ttlSeconds: 0 }] }],
    [{ faults: [{ ...full, direction: 'both' }] }],
    [{ faults: [{ ...full, peer: '99999999999999999999' }] }],
    [{ faults: [{ ...full, peer: '9223372036854775808' }] }],
    [{ faults: [{ ...full, more: 1 }] }],
    [{}],
    [[]],
  ])('%j is refused', async (body) => {
    const { send, node } = testApp();
    node.faults = new FakeFaults();
    expect((await send('PUT', '/faults', json(body))).status).toBe(400);
    expect(node.faults.list()).toEqual([]);
  });

  test.each(['1', FAKE_MEMBER])('towards %s, which is no other member, are 404', async (peer) => {
    const { send, node } = testApp();
    node.faults = new FakeFaults();
    const answer = await send('PUT', '/faults', json({ faults: [full, { ...full, peer }] }));
    expect(answer.status).toBe(404);
    expect((await answer.json()).code).toBe('member-not-found');
    expect(node.faults.list()).toEqual([]);
  });
});

describe('the node', () => {
  test('/status is its status and its version', async () => {
    const { send, node } = testApp();
    const answer = await send('GET', '/status');
    expect(await answer.json()).toEqual({ ...node.status(), version: '9.9.9' });
  });

  test('campaign and step-down are passed on and answer the role', async () => {
    const { send, node } = testApp();
    const campaign = await send('POST', '/node/campaign');
    expect(await campaign.json()).toEqual({ role: 'leader', term: 7 });
    expect((await send('POST', '/node/step-down')).status).toBe(200);
    expect(node.calls.map(({ name }) => name)).toEqual(['campaign', 'stepDown']);
  });

  test('/livez is always well', async () => {
    const { send, node } = testApp();
    node.unready = { leader: 'none is known' };
    expect(await (await send('GET', '/livez')).json()).toEqual({ status: 'ok' });
    const verbose = await send('GET', '/livez?verbose');
    expect(await verbose.json()).toEqual({ status: 'ok', checks: [{ name: 'loop', ok: true }] });
    expect((await send('HEAD', '/livez')).status).toBe(200);
  });

  test('/readyz says what is missing', async () => {
    const { send, node } = testApp();
    expect(await (await send('GET', '/readyz')).json()).toEqual({ status: 'ok' });
    expect((await send('HEAD', '/readyz')).status).toBe(200);
    node.unready = { disk: null, leader: 'none is known' };
    const answer = await send('GET', '/readyz');
    expect(answer.status).toBe(503);
    const failed = { name: 'leader', ok: false, reason: 'none is known' };
    expect(await answer.json()).toMatchObject({
      code: 'not-ready',
      detail: 'leader: none is known',
      checks: [failed],
    });
    const verbose = await send('GET', '/readyz?verbose');
    expect((await verbose.json()).checks).toEqual([{ name: 'disk', ok: true }, failed]);
    expect((await send('HEAD', '/readyz')).status).toBe(503);
  });

  test('/readyz?verbose says what is to be known of a node that serves', async () => {
    const { send, node } = testApp();
    node.remarked = { quota: 'writes are refused' };
    expect(await (await send('GET', '/readyz')).json()).toEqual({ status: 'ok' });
    const verbose = await send('GET', '/readyz?verbose');
    expect([verbose.status, await verbose.json()]).toEqual([
      200,
      {
        status: 'ok',
        checks: [
          { name: 'leader', ok: true },
          { name: 'quota', ok: true, reason: 'writes are refused' },
        ],
      },
    ]);
  });

  test('/metrics is the text format of Prometheus', async () => {
    const { send, node } = testApp();
    const answer = await send('GET', '/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toBe(await node.metrics());
  });

  test('/version', async () => {
    const answer = await testApp().send('GET', '/version');
    expect(await answer.json()).toEqual({ version: '9.9.9', bun: Bun.version });
  });

  test('/hash is of the whole state, as this node has it', async () => {
    const { send, node } = testApp();
    const expected = { revision: 1, appliedIndex: 118, hash: node.store.hash() };
    expect(await (await send('GET', '/hash')).json()).toEqual(expected);
    expect(node.barriers).toBe(0);
  });

  test('/backup is the file of the node', async () => {
    const answer = await testApp().send('GET', '/backup');
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('content-disposition')).toContain(`abcd-${FAKE_CLUSTER}.jsonl`);
    expect(await answer.text()).toBe('{"kind":"header"}\n{"kind":"trailer"}\n');
  });
});

describe('/raft', () => {
  test('hands path, headers and body to the peer protocol, and its answer back', async () => {
    const answer = await testApp().send('POST', '/raft/append', { body: Buffer.alloc(2 ** 21) });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-peer')).toBe('echo');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({ path: '/raft/append', bytes: 2 ** 21 });
  });

  test('has a limit of its own', async () => {
    const body = Buffer.alloc(16 * 2 ** 20 + 1);
    expect((await testApp().send('POST', '/raft/append', { body })).status).toBe(413);
  });
});
