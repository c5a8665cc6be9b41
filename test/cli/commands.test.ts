import { describe, expect, test } from 'bun:test';
import { runCli } from './fake-cli.ts';
import type { Behaviour } from './fake-network.ts';

const ENDPOINT = 'http://127.0.0.1:8080';

/** One node that answers everything so. */
function node(body: unknown, status = 200): Readonly<Record<string, Behaviour>> {
  return { [ENDPOINT]: () => ({ status, body }) };
}

/** An error as nodes write it. */
function problem(status: number, code: string, applied = 'no', fields: object = {}) {
  return node({ status, code, detail: `why ${code}`, applied, ...fields }, status);
}

const nameOf = (init: RequestInit | undefined) => new Headers(init?.headers).get('idempotency-key');

const textOf = (body: unknown) => (typeof body === 'string' ? body : '');

describe('get', () => {
  const pair = { key: 'a', value: 'é', modRevision: 7 };
  const page = { revision: 9, count: 2, next: null };

  test('prints the value alone', async () => {
    const { exitCode, out, requests } = await runCli(['get', 'a/b c'], node(pair));
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: 'é\n' });
    expect(requests[0]?.url).toBe(`${ENDPOINT}/kv/a%2Fb%20c`);
  });

  test('prints bytes that are no text as they are', async () => {
    const { out } = await runCli(['get', 'a'], node({ value: 'AGE=', encoding: 'base64' }));
    expect(out).toBe('\u0000a\n');
    const raw = await runCli(['get', 'a', '--raw'], node(pair));
    expect(raw.out).toBe('é');
  });

  test('prints the whole answer with --json', async () => {
    const { out } = await runCli(['get', 'a', '--json'], node(pair));
    expect(JSON.parse(out)).toEqual(pair);
  });

  test.each([
    [[], ''],
    [['--revision', '5'], '?revision=5'],
    [['--serializable'], '?consistency=serializable'],
  ])('%j', async (flags, query) => {
    const { requests } = await runCli(['get', 'a', ...flags], node(pair));
    expect(requests[0]?.url).toBe(`${ENDPOINT}/kv/a${query}`);
  });

  test('a key that is not there', async () => {
    const { exitCode, out, note } = await runCli(['get', 'a'], problem(404, 'key-not-found'));
    expect({ exitCode, out }).toEqual({ exitCode: 4, out: '' });
    expect(note).toBe('error: key-not-found: there is no key a\n');
  });

  test('several pairs are printed in columns, odd ones so that a line is a pair', async () => {
    const kvs = [
      { key: 'a', value: '1' },
      { key: 'long', value: 'x\ny' },
      { key: '/w==', keyEncoding: 'base64', value: 'AA==', encoding: 'base64' },
      { key: 'e', value: '' },
      { key: 'f', value: 'x'.repeat(401) },
    ];
    const { out, requests } = await runCli(['get', 'a', '--prefix'], node({ ...page, kvs }));
    expect(out.split('\n')).toEqual([
      'a            1',
      'long         "x\\ny"',
      'base64:/w==  base64:AA==',
      'e            ""',
      `f            ${'x'.repeat(400)}… (401 characters)`,
      '',
    ]);
    expect(requests[0]?.url).toBe(`${ENDPOINT}/kv?prefix=a&limit=1000`);
  });

  test('all pages are printed, up to the limit, as lines of JSON too', async () => {
    const pages: Readonly<Record<string, Behaviour>> = {
      [ENDPOINT]: (path) => {
        const second = path.includes('cursor=next');
        const kvs = [{ key: second ? 'b' : 'a', value: 'v' }];
        return { body: { ...page, kvs, next: second ? null : 'next' } };
      },
    };
    const args = ['get', 'a', 'c', '--json', '--order', 'desc', '--sort', 'mod'];
    const { out, requests } = await runCli(args, pages);
    expect(out).toBe('{"key":"a","value":"v"}\n{"key":"b","value":"v"}\n');
    const query = 'start=a&end=c&order=desc&sort=mod&limit=1000&cursor=next';
    expect(requests[1]?.url).toBe(`${ENDPOINT}/kv?${query}`);
    const limited = await runCli(['get', 'a', '--from-key', '--limit', '1'], pages);
    expect(limited.requests.map(({ url }) => url)).toEqual([`${ENDPOINT}/kv?start=a&limit=1`]);
  });

  test('keys only, counts and history', async () => {
    const keys = node({ ...page, kvs: [{ key: 'a' }, { key: 'b' }] });
    expect((await runCli(['get', 'a', '--prefix', '--keys-only'], keys)).out).toBe('a\nb\n');
    expect((await runCli(['get', 'a', '--prefix', '--count'], keys)).out).toBe('2\n');
    const versions = [
      { modRevision: 9, version: 0, value: '', deleted: true },
      { modRevision: 7, version: 1, value: 'x' },
    ];
    const { out, requests } = await runCli(
      ['get', 'a', '--history'],
      node({ versions, compactRevision: 0 }),
    );
    expect(out).toBe(
      'revision  version  value\n9         0        (deleted)\n7         1        x\n',
    );
    expect(requests[0]?.url).toBe(`${ENDPOINT}/history/a`);
  });
});

describe('put', () => {
  test('sends the value as the body, and a name for the write', async () => {
    const { out, requests } = await runCli(['put', 'a', 'v w'], node({ revision: 3 }));
    expect(out).toBe('revision 3\n');
    const init = requests[0]?.init;
    expect(init?.method).toBe('PUT');
    expect(init?.body).toEqual(new TextEncoder().encode('v w'));
    expect(nameOf(init)).toBe(`${'ab'.repeat(16)}.1`);
  });

  test('takes the value from standard input, byte for byte', async () => {
    const bytes = new Uint8Array([0, 255, 10]);
    const { requests } = await runCli(
      ['put', 'a', '-'],
      node({ revision: 3 }),
      {},
      { readInput: () => Promise.resolve(bytes) },
    );
    expect(requests[0]?.init.body).toEqual(bytes);
  });

  test('a value may begin with a dash, behind --', async () => {
    const { requests } = await runCli(['put', 'a', '--', '--x'], node({ revision: 3 }));
    expect(requests[0]?.init.body).toEqual(new TextEncoder().encode('--x'));
  });

  test('with conditions, leases and what was there before', async () => {
    const prev = { key: 'a', value: 'old\n' };
    const args = ['put', 'a', 'b', '--if-revision', '7', '--ttl', '1500ms', '--prev'];
    const { out, requests } = await runCli(args, node({ revision: 9, prev }));
    expect(out).toBe('revision 9\nbefore "old\\n"\n');
    expect(requests[0]?.url).toBe(`${ENDPOINT}/kv/a?ttl=2s&prev`);
    expect(new Headers(requests[0]?.init.headers).get('if-match')).toBe('"7"');
    const leased = await runCli(['put', 'a', 'b', '--lease', '12', '--if-absent'], node({}));
    expect(leased.requests[0]?.url).toBe(`${ENDPOINT}/kv/a?lease=12`);
    expect(new Headers(leased.requests[0]?.init.headers).get('if-none-match')).toBe('*');
  });
});

test('del deletes one key, or several', async () => {
  const one = await runCli(['del', 'a'], node({ deleted: 1 }));
  expect(one.out).toBe('deleted 1\n');
  expect(one.requests[0]).toMatchObject({ url: `${ENDPOINT}/kv/a`, init: { method: 'DELETE' } });
  const many = await runCli(['del', 'a/', '--prefix'], node({ deleted: 5 }));
  expect(many.out).toBe('deleted 5\n');
  expect(many.requests[0]?.url).toBe(`${ENDPOINT}/kv?prefix=a%2F`);
  const args = ['del', 'a', '--prev', '--if-revision', '4'];
  const before = await runCli(args, node({ deleted: 1, prev: { key: 'a', value: 'x' } }));
  expect(before.out).toBe('deleted 1\nbefore x\n');
  expect(new Headers(before.requests[0]?.init.headers).get('if-match')).toBe('"4"');
});

describe('txn', () => {
  const answer = {
    succeeded: true,
    revision: 8,
    results: [
      { put: { key: 'a', revision: 8 } },
      { get: { count: 1, kvs: [{ key: 'b', value: '2' }] } },
      { txn: { succeeded: false, results: [{ delete: { deleted: 3 } }] } },
    ],
  };
  const txn = '{"success":[{"put":{"key":"a","value":"1"}}]}';

  test('is read from standard input, or from a file', async () => {
    const readInput = () => Promise.resolve(new TextEncoder().encode(txn));
    const { out, requests } = await runCli(['txn'], node(answer), {}, { readInput });
    expect(out.split('\n')).toEqual([
      'succeeded: the compares held',
      'revision 8',
      'put  a',
      'get  1',
      '  b  2',
      'txn  failed',
      '  delete  3',
      '',
    ]);
    const sent: unknown = JSON.parse(textOf(requests[0]?.init.body));
    expect(sent).toEqual({ compare: [], failure: [], ...(JSON.parse(txn) as object) });
    const odd = await runCli(
      ['txn', '--file', 'f'],
      node(answer),
      {},
      { readText: () => '{"x":1}' },
    );
    expect(textOf(odd.requests[0]?.init.body)).toContain('"x":1');
    const fromFile = await runCli(
      ['txn', '--file', 'f', '--json'],
      node(answer),
      {},
      {
        readText: () => txn,
      },
    );
    expect(JSON.parse(fromFile.out)).toEqual(answer);
  });

  test.each([
    ['[]', 'must be a JSON object'],
    ['{', 'is not JSON'],
  ])('%s is refused', async (text, message) => {
    const { exitCode, note } = await runCli(
      ['txn', '--file', 'f'],
      {},
      {},
      { readText: () => text },
    );
    expect(exitCode).toBe(1);
    expect(note).toContain(message);
  });
});

describe('lease', () => {
  test.each([
    [['grant', '30'], 'POST /leases {"ttl":30}', 'lease 7 granted for 30 s\n'],
    [
      ['grant', '30', '--id', '7'],
      'POST /leases {"ttl":30,"id":"7"}',
      'lease 7 granted for 30 s\n',
    ],
    [['revoke', '7'], 'DELETE /leases/7', 'lease 7 revoked, keys deleted: 2\n'],
    [['keepalive', '7', '--once'], 'POST /leases/7/keepalive', 'lease 7 renewed for 30 s\n'],
    [
      ['get', '7'],
      'GET /leases/7',
      'lease 7: 12.5 s of 30 s are left, keys: 2\n  a\n  base64:/w==\n',
    ],
    [['list'], 'GET /leases', 'id  ttl\n7   30\n'],
  ])('%j', async (args, request, printed) => {
    const keys = ['a', { base64: '/w==' }];
    const lease = { id: '7', ttl: 30 };
    const answer = { ...lease, remaining: 12.5, keys, deleted: 2, leases: [lease], next: null };
    const { out, requests, exitCode } = await runCli(['lease', ...args], node(answer));
    const [{ url, init } = { url: '', init: {} }] = requests;
    const body = typeof init.body === 'string' ? ` ${init.body}` : '';
    expect(`${init.method} ${url.slice(ENDPOINT.length)}${body}`).toBe(request);
    expect({ out, exitCode }).toEqual({ out: printed, exitCode: 0 });
  });
});

test('compact', async () => {
  const { out, requests } = await runCli(['compact', '9'], node({ compactRevision: 9 }));
  expect(out).toBe('history before revision 9 is forgotten\n');
  expect(requests[0]?.init.body).toBe('{"revision":9}');
});

describe('exit codes and advice', () => {
  test.each([
    [problem(400, 'bad-request'), 1, 'error: bad-request: why bad-request\n'],
    [problem(410, 'compacted'), 1, 'ask for a later revision'],
    [problem(507, 'quota-exceeded'), 1, 'Deleting keys makes room'],
    [problem(404, 'lease-not-found'), 4, 'lease-not-found'],
    [problem(412, 'precondition-failed'), 5, 'precondition-failed'],
    [problem(503, 'no-leader'), 6, '"status" shows who is there'],
    [problem(504, 'timeout', 'unknown'), 6, 'It may have had its effect'],
    [{}, 6, 'Is a node running there? --endpoints'],
    [{ [ENDPOINT]: () => new Response('<h1>') }, 6, 'is it a node of abcd?'],
  ])('%j: %d', async (hosts, code, message) => {
    const { exitCode, out, note } = await runCli(['put', 'a', 'b'], hosts);
    expect({ exitCode, out }).toEqual({ exitCode: code, out: '' });
    expect(note).toContain(message);
  });

  test('an interrupted command says so', async () => {
    const stopping = new AbortController();
    const silent: Behaviour = () => {
      queueMicrotask(() => stopping.abort());
      return 'silent';
    };
    const hosts = { [ENDPOINT]: silent };
    const { exitCode } = await runCli(['get', 'a'], hosts, {}, { stopping: stopping.signal });
    expect(exitCode).toBe(130);
  });
});

describe('endpoints', () => {
  const hosts = { 'http://b:1': () => ({ body: { value: 'from b' } }) };

  test('the next one is asked when one does not answer', async () => {
    const args = ['get', 'k', '--endpoints', 'http://a:1,http://b:1'];
    expect(await runCli(args, hosts)).toMatchObject({ exitCode: 0, out: 'from b\n' });
    const silent = { ...hosts, 'http://a:1': () => 'silent' as const };
    expect(await runCli(args, silent)).toMatchObject({ exitCode: 0, out: 'from b\n' });
    const lost = problem(503, 'no-leader')[ENDPOINT] ?? (() => 'refused' as const);
    expect((await runCli(args, { ...hosts, 'http://a:1': lost })).out).toBe('from b\n');
  });

  test('a write keeps its name when it goes to the next one', async () => {
    const args = ['put', 'k', 'v', '--endpoints', 'http://a:1,http://b:1'];
    const { requests } = await runCli(args, hosts);
    const name = `${'ab'.repeat(16)}.1`;
    expect(requests.map(({ init }) => nameOf(init))).toEqual([name, name]);
  });

  test('come from the environment too; the flag wins', async () => {
    const environment = { ABCD_ENDPOINTS: 'http://b:1' };
    expect((await runCli(['get', 'k'], hosts, environment)).out).toBe('from b\n');
    const flag = ['get', 'k', '--endpoints', 'http://a:1'];
    expect((await runCli(flag, hosts, environment)).exitCode).toBe(6);
  });

  test('when none answers in time, it says why of each', async () => {
    const args = ['get', 'k', '--endpoints', 'http://a:1,http://b:1', '--timeout', '500ms'];
    const { exitCode, note } = await runCli(args, { 'http://b:1': () => 'silent' });
    expect(exitCode).toBe(6);
    expect(note).toContain('http://a:1: nobody listens there');
    expect(note).toContain('http://b:1: no answer in 500 ms');
  });
});

test('status shows every endpoint, and fails when one does not answer', async () => {
  const args = ['status', '--endpoints', 'http://a:1,http://b:1'];
  const hosts = { 'http://a:1': () => ({ body: { name: 'n1', role: 'leader', leader: null } }) };
  const { exitCode, out } = await runCli(args, hosts);
  expect(exitCode).toBe(6);
  const [header, first, second] = out.split('\n');
  expect(header).toStartWith('endpoint');
  expect(first?.split(/ +/).slice(0, 4)).toEqual(['http://a:1', 'n1', '-', 'leader']);
  expect(second).toBe('http://b:1  nobody listens there');
});

test('status --cluster asks the members, wherever they are', async () => {
  const members = [{ url: 'http://a:1' }, { url: 'http://b:1' }];
  const hosts = {
    [ENDPOINT]: () => ({ body: { members } }),
    'http://a:1': () => ({ body: { name: 'n1' } }),
    'http://b:1': () => ({ body: { name: 'n2' } }),
  };
  const { exitCode, out } = await runCli(['status', '--cluster', '--json'], hosts);
  expect(exitCode).toBe(0);
  expect(JSON.parse(out)).toEqual([
    { endpoint: 'http://a:1', status: { name: 'n1' } },
    { endpoint: 'http://b:1', status: { name: 'n2' } },
  ]);
});

describe('member', () => {
  test('list shows who leads', async () => {
    const members = [
      { id: '7', name: 'n1', url: 'http://a:1', role: 'voter', reachable: true },
      { id: '8', name: 'n2', url: 'http://b:1', role: 'learner', reachable: false },
    ];
    const { out } = await runCli(['member', 'list'], node({ leader: '7', members }));
    expect(out.split('\n').map((row) => row.split(/ +/).join(' '))).toEqual([
      'id name url role reachable leader',
      '7 n1 http://a:1 voter true yes',
      '8 n2 http://b:1 learner false no',
      '',
    ]);
  });

  test.each([
    [['add', 'http://c:1', '--name', 'n3'], 'POST /cluster/members', 'added 9\n'],
    [['promote', '9'], 'POST /cluster/members/9/promote', 'promoted 9\n'],
    [['remove', '9'], 'DELETE /cluster/members/9', 'removed 9\n'],
    [['move', '9', 'http://d:1'], 'PUT /cluster/members/9', 'moved 9\n'],
    [['lead', '9'], 'POST /cluster/leader', '9 leads\n'],
    [['lead'], 'POST /cluster/leader', '9 leads\n'],
  ])('%j', async (args, request, printed) => {
    const answer = node({ member: { id: '9' }, leader: '9' });
    const { out, requests } = await runCli(['member', ...args], answer);
    expect(out).toBe(printed);
    const [{ url, init } = { url: '', init: {} }] = requests;
    expect(`${init.method} ${url.slice(ENDPOINT.length)}`).toBe(request);
    expect(nameOf(init)).toEndWith('.1');
  });
});
