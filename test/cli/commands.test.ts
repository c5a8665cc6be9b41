import { describe, expect, test } from 'bun:test';
import { runCli } from './fake-cli.ts';
import type { Behaviour } from './fake-network.ts';

const ENDPOINT = 'http://127.0.0.1:8080';

/** One node that answers everything so. */
function node(body: unknown, status = 200): Readonly<Record<string, Behaviour>> {
  return { [ENDPOINT]: () => ({ status, body }) };
}

describe('get', () => {
  const pair = { key: 'a', value: 'é', modRevision: 7 };

  test('prints the value alone', async () => {
    const { exitCode, out, requests } = await runCli(['get', 'a/b c'], node(pair));
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: 'é\n' });
    expect(requests[0]?.url).toBe(`${ENDPOINT}/kv/a%2Fb%20c`);
  });

  test('prints bytes that are no text as they are', async () => {
    const { out } = await runCli(['get', 'a'], node({ value: 'AGE=', encoding: 'base64' }));
    expect(out).toBe('\u0000a\n');
  });

  test('prints the whole answer with --json', async () => {
    const { out } = await runCli(['get', 'a', '--json'], node(pair));
    expect(JSON.parse(out)).toEqual(pair);
  });

  test.each(['', '.', '..'])(
    'a key that a path cannot carry goes in the query: %p',
    async (key) => {
      const { requests } = await runCli(['get', key], node(pair));
      expect(requests[0]?.url).toBe(`${ENDPOINT}/kv?key=${key}`);
    },
  );

  test('a key that is not there is a failure', async () => {
    const problem = { code: 'key-not-found', detail: 'no such key' };
    const { exitCode, out, note } = await runCli(['get', 'a'], node(problem, 404));
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(note).toBe('error: key-not-found: no such key\n');
  });
});

test('put sends the value as the body, and a name for the write', async () => {
  const { out, requests } = await runCli(['put', 'a', 'v w'], node({ revision: 3 }));
  expect(out).toBe('revision 3\n');
  const init = requests[0]?.init;
  expect(init).toMatchObject({ method: 'PUT', body: 'v w' });
  expect(new Headers(init?.headers).get('idempotency-key')).toBe('ab'.repeat(16));
  expect(new Headers(init?.headers).get('abcd-timeout')).toBe('5000ms');
});

test('del deletes one key, or all under a prefix', async () => {
  const one = await runCli(['del', 'a'], node({ deleted: 1 }));
  expect(one.out).toBe('deleted 1\n');
  expect(one.requests[0]).toMatchObject({ url: `${ENDPOINT}/kv/a`, init: { method: 'DELETE' } });
  const many = await runCli(['del', 'a/', '--prefix'], node({ deleted: 5 }));
  expect(many.out).toBe('deleted 5\n');
  expect(many.requests[0]?.url).toBe(`${ENDPOINT}/kv?prefix=a%2F`);
});

describe('endpoints', () => {
  const hosts = { 'http://b:1': () => ({ body: { value: 'from b' } }) };

  test('the next one is asked when one does not answer', async () => {
    const args = ['get', 'k', '--endpoints', 'http://a:1,http://b:1'];
    expect(await runCli(args, hosts)).toMatchObject({ exitCode: 0, out: 'from b\n' });
    const silent = { ...hosts, 'http://a:1': () => 'silent' as const };
    expect(await runCli(args, silent)).toMatchObject({ exitCode: 0, out: 'from b\n' });
  });

  test('a write keeps its name when it goes to the next one', async () => {
    const args = ['put', 'k', 'v', '--endpoints', 'http://a:1,http://b:1'];
    const { requests } = await runCli(args, hosts);
    const names = requests.map(({ init }) => new Headers(init.headers).get('idempotency-key'));
    expect(names).toEqual(['ab'.repeat(16), 'ab'.repeat(16)]);
  });

  test('an error is an answer, and not asked of the next', async () => {
    const problem: Behaviour = () => ({ status: 503, body: { code: 'no-leader', detail: 'none' } });
    const args = ['get', 'k', '--endpoints', 'http://a:1,http://b:1'];
    const { exitCode, note } = await runCli(args, { ...hosts, 'http://a:1': problem });
    expect({ exitCode, note }).toEqual({ exitCode: 1, note: 'error: no-leader: none\n' });
  });

  test('come from the environment too; the flag wins', async () => {
    const environment = { ABCD_ENDPOINTS: 'http://b:1' };
    expect((await runCli(['get', 'k'], hosts, environment)).out).toBe('from b\n');
    const flag = ['get', 'k', '--endpoints', 'http://a:1'];
    expect((await runCli(flag, hosts, environment)).exitCode).toBe(1);
  });

  test('when none answers, it says why of each', async () => {
    const args = ['get', 'k', '--endpoints', 'http://a:1,http://b:1', '--timeout', '100ms'];
    const { exitCode, note } = await runCli(args, { 'http://b:1': () => 'silent' });
    expect(exitCode).toBe(1);
    expect(note).toContain('http://a:1: nobody listens there');
    expect(note).toContain('http://b:1: no answer in 1100 ms');
  });
});

test('status shows every endpoint, and fails when one does not answer', async () => {
  const args = ['status', '--endpoints', 'http://a:1,http://b:1'];
  const hosts = { 'http://a:1': () => ({ body: { name: 'n1', role: 'leader', leader: null } }) };
  const { exitCode, out } = await runCli(args, hosts);
  expect(exitCode).toBe(1);
  const [header, first, second] = out.split('\n');
  expect(header).toStartWith('endpoint');
  expect(first?.split(/ +/).slice(0, 4)).toEqual(['http://a:1', 'n1', '-', 'leader']);
  expect(second).toBe('http://b:1  nobody listens there');
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

  test('add, promote and remove', async () => {
    const added = await runCli(
      ['member', 'add', 'http://c:1', '--name', 'n3'],
      node({ member: { id: '9' } }),
    );
    expect(added.out).toBe('added 9\n');
    expect(added.requests[0]?.init.body).toBe('{"url":"http://c:1","name":"n3"}');
    const promoted = await runCli(['member', 'promote', '9'], node({}));
    expect(promoted.out).toBe('promoted 9\n');
    const removed = await runCli(['member', 'remove', '9'], node({}));
    expect(removed.out).toBe('removed 9\n');
    expect(
      [promoted, removed].map(({ requests }) => [requests[0]?.init.method, requests[0]?.url]),
    ).toEqual([
      ['POST', `${ENDPOINT}/cluster/members/9/promote`],
      ['DELETE', `${ENDPOINT}/cluster/members/9`],
    ]);
  });
});
