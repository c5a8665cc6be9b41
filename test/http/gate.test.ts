import { describe, expect, test } from 'bun:test';
import { hostNamesOf } from '../../src/http/config.ts';
import { TEST_CONFIG, testApp } from '../support/http.ts';

async function get(host: string): Promise<Response> {
  return testApp().send('GET', '/status', { headers: { host } });
}

describe('the Host header', () => {
  test.each([
    'localhost',
    'LOCALHOST:8080',
    '127.0.0.1',
    '127.0.0.1:1',
    '[::1]:8080',
    'n1',
    'N1:80',
    'abcd.example',
  ])('%s is answered', async (host) => {
    expect((await get(host)).status).toBe(200);
  });

  test.each(['evil.example', 'n2', 'localhost.evil.example', '10.0.0.1', '[::2]', 'xn1'])(
    '%s is 421 wrong-host',
    async (host) => {
      const answer = await get(host);
      expect(answer.status).toBe(421);
      const body = await answer.text();
      expect(JSON.parse(body).code).toBe('wrong-host');
      expect(body).not.toContain(host);
    },
  );

  test.each(['', 'a/b', 'user@n1', 'n1:x', 'n1, n2', 'n1:123456', '::1', '[n1]', 'n1#x', 'a b'])(
    '%j is 400: not a host',
    async (host) => {
      expect((await get(host)).status).toBe(400);
    },
  );

  test('is checked for every route, the peers and the unknown among them', async () => {
    const { send } = testApp();
    const headers = { host: 'evil.example' };
    for (const path of ['/kv/a', '/raft/append', '/nope', '/swagger', '/events']) {
      expect((await send('GET', path, { headers })).status).toBe(421);
    }
  });

  test('any is taken where names are not checked', async () => {
    const { send } = testApp({ ...TEST_CONFIG, hostNames: null });
    expect((await send('GET', '/status', { headers: { host: 'evil.example' } })).status).toBe(200);
    expect((await send('GET', '/status', { headers: { host: 'a/b' } })).status).toBe(400);
  });

  test('more hosts than are remembered are still told apart', async () => {
    const { send } = testApp();
    for (let port = 1; port <= 100; port += 1) {
      const good = await send('GET', '/status', { headers: { host: `n1:${port}` } });
      const bad = await send('GET', '/status', { headers: { host: `n2:${port}` } });
      expect([good.status, bad.status]).toEqual([200, 421]);
    }
  });
});

describe('hostNamesOf', () => {
  const url = 'http://Node.example:8080';
  const names = (host: string, allowedHosts: readonly string[] | null): string[] | null => {
    const set = hostNamesOf({ host, url, allowedHosts });
    return set === null ? null : [...set].toSorted();
  };
  const always = ['127.0.0.1', '[::1]', 'localhost', 'node.example'];

  test('loopback is always checked', () => {
    expect(names('127.0.0.1', null)).toEqual(always);
    expect(names('::1', null)).toEqual(always);
    expect(names('127.0.0.2', null)).toEqual(['127.0.0.1', '127.0.0.2', ...always.slice(1)]);
  });

  test('elsewhere only what was asked for', () => {
    expect(names('0.0.0.0', null)).toBeNull();
    expect(names('10.0.0.1', null)).toBeNull();
    expect(names('0.0.0.0', ['A.example'])).toEqual([...always, 'a.example'].toSorted());
    expect(names('fd00::1', [])).toEqual([...always, '[fd00::1]'].toSorted());
  });

  test('* turns it off', () => {
    expect(names('127.0.0.1', ['*'])).toBeNull();
  });
});

describe('the URL', () => {
  test('over 8 KiB is 414', async () => {
    const { send } = testApp();
    const atLimit = `/kv/${'%61'.repeat(1024)}?consistency=`.padEnd(8192, 'x');
    expect((await send('GET', atLimit)).status).toBe(400);
    for (const path of [`${atLimit}x`, `/${'a'.repeat(9000)}`, `/status?${'a'.repeat(9000)}`]) {
      const answer = await send('GET', path);
      expect(answer.status).toBe(414);
      expect((await answer.json()).code).toBe('uri-too-long');
    }
  });

  test.each(['http://a', 'http://ab', 'http://abc', 'http://a.b.c.d.e'])(
    'the host %s, long or short, does not change the route',
    async (origin) => {
      const { app } = testApp({ ...TEST_CONFIG, hostNames: null });
      expect((await app.handle(new Request(`${origin}/status`))).status).toBe(200);
      const put = await app.handle(new Request(`${origin}/kv/a/b?prev`, { method: 'PUT' }));
      expect(await put.json()).toMatchObject({ key: 'a/b' });
    },
  );
});

describe('pages of other sites', () => {
  const from = async (method: string, headers: Record<string, string>): Promise<number> => {
    const { send } = testApp();
    const path = method === 'POST' ? '/node/step-down' : '/kv/a';
    return (await send(method, path, { headers: { host: 'n1:8080', ...headers } })).status;
  };

  test.each(['PUT', 'DELETE', 'POST'])('may not %s', async (method) => {
    expect(await from(method, { origin: 'http://evil.example' })).toBe(403);
    expect(await from(method, { origin: 'null' })).toBe(403);
    expect(await from(method, { origin: 'http://n1:8081' })).toBe(403);
    const site = { 'sec-fetch-site': 'cross-site' };
    expect(await from(method, { origin: 'http://n1:8080', ...site })).toBe(403);
  });

  test.each(['PUT', 'DELETE', 'POST'])('pages of this node and programs may %s', async (method) => {
    expect(await from(method, {})).toBeLessThan(300);
    expect(await from(method, { origin: 'http://n1:8080' })).toBeLessThan(300);
    const site = { 'sec-fetch-site': 'same-origin' };
    expect(await from(method, { origin: 'https://behind.proxy', ...site })).toBeLessThan(300);
  });

  test('may read what the browser lets them', async () => {
    expect(await from('GET', { origin: 'http://evil.example' })).toBe(404);
  });
});
