import { describe, expect, test } from 'bun:test';
import { type ByteString, bytesOfText, EMPTY_BYTES } from '../../../src/lib/bytes.ts';
import type { FakeNode } from '../../support/fake-node.ts';
import { testApp } from '../../support/http.ts';

function keysOf({ store }: FakeNode): ByteString[] {
  return store.range(EMPTY_BYTES, null, 10).map(({ key }) => key);
}

async function codeOf(response: Response): Promise<string> {
  const { code } = await response.json();
  return code;
}

describe('PUT /kv/{key}', () => {
  test('answers 201 with revision and ETag when it creates, 200 when it overwrites', async () => {
    const { send } = testApp();
    const first = await send('PUT', '/kv/a', { body: '1' });
    expect(first.status).toBe(201);
    expect(first.headers.get('etag')).toBe('"2"');
    expect(await first.json()).toEqual({ key: 'a', revision: 2, created: true });
    const second = await send('PUT', '/kv/a', { body: '2' });
    expect(second.status).toBe(200);
    expect(second.headers.get('abcd-revision')).toBe('3');
    expect(await second.json()).toEqual({ key: 'a', revision: 3, created: false });
  });

  test('keeps every byte of the value, whatever the content type', async () => {
    const { send } = testApp();
    const value = Uint8Array.from({ length: 256 }, (_, i) => i);
    const headers = { 'content-type': 'application/json' };
    await send('PUT', '/kv/bin', { body: value, headers });
    const raw = await send('GET', '/kv/bin?raw');
    expect(raw.headers.get('content-type')).toBe('application/octet-stream');
    expect(raw.headers.get('content-disposition')).toBe('attachment');
    expect(await raw.bytes()).toEqual(value);
  });

  test('an empty body is the empty value', async () => {
    const { send } = testApp();
    expect((await send('PUT', '/kv/e')).status).toBe(201);
    expect((await (await send('GET', '/kv/e')).json()).value).toBe('');
  });

  test('?prev gives the pair before, null when there was none', async () => {
    const { send } = testApp();
    expect((await (await send('PUT', '/kv/a?prev', { body: '1' })).json()).prev).toBeNull();
    const { prev } = await (await send('PUT', '/kv/a?prev=true', { body: '2' })).json();
    expect(prev).toEqual({
      key: 'a',
      value: '1',
      createRevision: 2,
      modRevision: 2,
      version: 1,
    });
    const plain = await (await send('PUT', '/kv/a?prev=false', { body: '3' })).json();
    expect(plain).not.toHaveProperty('prev');
  });

  test('If-None-Match: * creates only', async () => {
    const { send } = testApp();
    const headers = { 'if-none-match': '*' };
    expect((await send('PUT', '/kv/a', { body: '1', headers })).status).toBe(201);
    const again = await send('PUT', '/kv/a', { body: '2', headers });
    expect(again.status).toBe(412);
    expect(await again.json()).toMatchObject({
      code: 'precondition-failed',
      applied: 'no',
      modRevision: 2,
    });
  });

  test('If-Match compares and swaps', async () => {
    const { send, node } = testApp();
    await send('PUT', '/kv/a', { body: '1' });
    const ok = await send('PUT', '/kv/a', { body: '2', headers: { 'if-match': '"2"' } });
    expect(ok.status).toBe(200);
    const stale = await send('PUT', '/kv/a', { body: '3', headers: { 'if-match': '"2"' } });
    expect(stale.status).toBe(412);
    const absent = await send('PUT', '/kv/b', { body: '3', headers: { 'if-match': '"2"' } });
    expect(await absent.json()).toMatchObject({ status: 412, modRevision: 0 });
    expect(node.store.get(bytesOfText('a'))?.value).toBe(bytesOfText('2'));
  });

  test.each([
    ['if-match', '*'],
    ['if-match', '5'],
    ['if-match', '"x"'],
    ['if-match', '"0"'],
    ['if-match', '"01"'],
    ['if-match', '"-1"'],
    ['if-match', '"9007199254740993"'],
    ['if-match', 'W/"5"'],
    ['if-match', '"5", "6"'],
    ['if-match', ''],
    ['if-none-match', '"5"'],
    ['if-none-match', 'x'],
  ])('%s: %s on a write is refused, and nothing is written', async (name, value) => {
    const { send, node } = testApp();
    const answer = await send('PUT', '/kv/a', { body: '1', headers: { [name]: value } });
    expect(answer.status).toBe(400);
    expect(await codeOf(answer)).toBe('bad-request');
    expect(node.calls).toEqual([]);
  });

  test('both conditions together are refused', async () => {
    const headers = { 'if-match': '"5"', 'if-none-match': '*' };
    expect((await testApp().send('PUT', '/kv/a', { body: '1', headers })).status).toBe(400);
  });

  test('a value over the limit is 413 value-too-large, one at the limit is taken', async () => {
    const { send } = testApp();
    const atLimit = await send('PUT', '/kv/a', { body: new Uint8Array(2 ** 20) });
    expect(atLimit.status).toBe(201);
    const over = await send('PUT', '/kv/a', { body: new Uint8Array(2 ** 20 + 1) });
    expect(over.status).toBe(413);
    expect(await over.json()).toMatchObject({ code: 'value-too-large', limit: 2 ** 20 });
  });

  test('an encoded body is 415', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const answer = await testApp().send('PUT', '/kv/a', { body: 'x', headers });
    expect(answer.status).toBe(415);
    expect(await codeOf(answer)).toBe('unsupported-encoding');
  });
});

describe('GET /kv/{key}', () => {
  test('gives the pair, its ETag and the revision', async () => {
    const { send, node } = testApp();
    await send('PUT', '/kv/a', { body: 'é' });
    const answer = await send('GET', '/kv/a');
    expect(answer.headers.get('etag')).toBe('"2"');
    expect(answer.headers.get('vary')).toBe('Accept');
    expect(answer.headers.get('content-type')).toStartWith('application/json');
    expect(await answer.json()).toEqual({
      key: 'a',
      value: 'é',
      createRevision: 2,
      modRevision: 2,
      version: 1,
    });
    expect(node.barriers).toBe(1);
  });

  test('?consistency=serializable reads without asking the leader', async () => {
    const { send, node } = testApp();
    await send('PUT', '/kv/a', { body: '1' });
    expect((await send('GET', '/kv/a?consistency=serializable')).status).toBe(200);
    expect(node.barriers).toBe(0);
    expect((await send('GET', '/kv/a?consistency=linearizable')).status).toBe(200);
    expect(node.barriers).toBe(1);
    expect((await send('GET', '/kv/a?consistency=eventual')).status).toBe(400);
  });

  test('reads after the barrier, not before it', async () => {
    const { send, node } = testApp();
    node.hold = async () => {
      node.hold = null;
      await send('PUT', '/kv/a', { body: 'new' });
    };
    expect((await (await send('GET', '/kv/a')).json()).value).toBe('new');
  });

  test('base64 for keys and values that are not UTF-8', async () => {
    const { send } = testApp();
    await send('PUT', '/kv/%FF', { body: Uint8Array.of(0xfe, 0) });
    expect(await (await send('GET', '/kv/%ff')).json()).toMatchObject({
      key: '/w==',
      keyEncoding: 'base64',
      value: '/gA=',
      encoding: 'base64',
    });
  });

  test.each([
    ['application/octet-stream', 'application/octet-stream'],
    ['text/html, application/octet-stream', 'application/octet-stream'],
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
  ])('Accept: %s gives %s', async (accept, type) => {
    const { send } = testApp();
    await send('PUT', '/kv/a', { body: '<script>' });
    const answer = await send('GET', '/kv/a', { headers: { accept } });
    expect(answer.headers.get('content-type')).toStartWith(type);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each([
    ['if-none-match', '"2"', 304],
    ['if-none-match', 'W/"2"', 304],
    ['if-none-match', '"1", "2"', 304],
    ['if-none-match', '*', 304],
    ['if-none-match', '"3"', 200],
    ['if-none-match', '2', 400],
    ['if-match', '"2"', 200],
    ['if-match', '"3"', 412],
    ['if-match', '*', 400],
  ])('%s: %s is %d', async (name, value, status) => {
    const { send } = testApp();
    await send('PUT', '/kv/a', { body: '1' });
    const answer = await send('GET', '/kv/a', { headers: { [name]: value } });
    expect(answer.status).toBe(status);
    if (status === 304) {
      expect(answer.headers.get('etag')).toBe('"2"');
      expect(await answer.text()).toBe('');
    }
  });

  test.each(['/kv/a', '/kv?key=a'])('HEAD %s gives no length with a 304, as GET', async (url) => {
    const { send } = testApp();
    await send('PUT', '/kv/a', { body: '1' });
    const answer = await send('HEAD', url, { headers: { 'if-none-match': '"2"' } });
    expect([answer.status, answer.headers.get('content-length')]).toEqual([304, null]);
    expect(answer.headers.get('etag')).toBe('"2"');
  });

  test('404 with the revision when absent', async () => {
    const answer = await testApp().send('GET', '/kv/a');
    expect(answer.status).toBe(404);
    expect(answer.headers.get('abcd-revision')).toBe('1');
    expect(await answer.json()).toMatchObject({ code: 'key-not-found', revision: 1 });
  });

  test.each([
    ['1', 404, 'key-not-found'],
    ['0', 404, 'key-not-found'],
    ['2', 400, 'future-revision'],
    ['x', 400, 'bad-revision'],
    ['-1', 400, 'bad-revision'],
    ['1.0', 400, 'bad-revision'],
    ['01', 400, 'bad-revision'],
    ['', 400, 'bad-revision'],
    ['9007199254740993', 400, 'bad-revision'],
  ])('?revision=%s, the current one being 1, is %d %s', async (revision, status, code) => {
    const answer = await testApp().send('GET', `/kv/a?revision=${revision}`);
    expect(answer.status).toBe(status);
    expect(await codeOf(answer)).toBe(code);
  });
});

describe('DELETE /kv/{key}', () => {
  test('says how many keys went, and with ?prev what was there', async () => {
    const { send } = testApp();
    await send('PUT', '/kv/a', { body: '1' });
    const gone = await send('DELETE', '/kv/a?prev');
    expect(gone.status).toBe(200);
    expect(await gone.json()).toMatchObject({ deleted: 1, revision: 3, prev: { value: '1' } });
    const again = await send('DELETE', '/kv/a?prev');
    expect(await again.json()).toEqual({ deleted: 0, revision: 3, prev: null });
    expect(await (await send('DELETE', '/kv/a')).json()).toEqual({ deleted: 0, revision: 3 });
  });

  test('deletes that key alone', async () => {
    const { send } = testApp();
    await send('PUT', '/kv/a', { body: '1' });
    await send('PUT', '/kv/ab', { body: '1' });
    await send('DELETE', '/kv/a');
    expect((await send('GET', '/kv/ab')).status).toBe(200);
  });

  test('If-Match holds it back; If-None-Match has no meaning', async () => {
    const { send } = testApp();
    await send('PUT', '/kv/a', { body: '1' });
    expect((await send('DELETE', '/kv/a', { headers: { 'if-match': '"9"' } })).status).toBe(412);
    expect((await send('DELETE', '/kv/a', { headers: { 'if-none-match': '*' } })).status).toBe(400);
    expect((await send('DELETE', '/kv/a', { headers: { 'if-match': '"2"' } })).status).toBe(200);
  });
});

describe('keys', () => {
  const FORMS = [
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['a/b', 'a/b'],
    ['a%2Fb', 'a/b'],
    ['a//b', 'a//b'],
    ['/a', '/a'],
    ['a/', 'a/'],
    ['%00', '\0'],
    ['%C3%A9', 'é'],
    ['é', 'é'],
    ['%F0%9F%98%80', '😀'],
    ['a%20b', 'a b'],
    ['a+b', 'a+b'],
    ['a%2Bb', 'a+b'],
    ['%2525', '%25'],
    ['a%3Fb', 'a?b'],
    ['a%23b', 'a#b'],
    ['a=b&c', 'a=b&c'],
    ['*', '*'],
    [':id', ':id'],
  ] as const;

  test.each(FORMS)('/kv/%s is the key %j', async (encoded, key) => {
    const { send, node } = testApp();
    const put = await send('PUT', `/kv/${encoded}`, { body: 'v' });
    expect(await put.json()).toMatchObject({ key, created: true });
    expect(keysOf(node)).toEqual([bytesOfText(key)]);
    expect((await send('GET', `/kv/${encoded}`)).status).toBe(200);
  });

  test.each([...FORMS.map(([, key]) => key), '.', '..', 'a/../b', 'a/./b'])(
    '/kv?key= names the key %j for every method',
    async (key) => {
      const { send, node } = testApp();
      const path = `/kv?key=${encodeURIComponent(key)}`;
      expect((await send('PUT', `${path}&prev`, { body: 'v' })).status).toBe(201);
      expect(keysOf(node)).toEqual([bytesOfText(key)]);
      expect(await (await send('GET', `${path}&raw`)).text()).toBe('v');
      expect((await send('HEAD', path)).headers.get('etag')).toBe('"2"');
      expect(await (await send('DELETE', path)).json()).toMatchObject({ deleted: 1 });
    },
  );

  test.each(['%zz', '%', '%4', 'a%2', '%%41', 'a#b'])('/kv/%s is 400 bad-key', async (encoded) => {
    const { send, node } = testApp();
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await send(method, `/kv/${encoded}`);
      expect(answer.status).toBe(400);
      expect(await codeOf(answer)).toBe('bad-key');
    }
    expect(node.calls).toEqual([]);
  });

  test('the empty key is refused', async () => {
    const { send } = testApp();
    for (const path of ['/kv/', '/kv?key=', '/kv?key']) {
      expect(await codeOf(await send('GET', path))).toBe('bad-key');
    }
  });

  test('a key is measured in bytes, decoded', async () => {
    const { send } = testApp();
    expect((await send('PUT', `/kv/${'%C3%A9'.repeat(512)}`, { body: '' })).status).toBe(201);
    for (const path of [`/kv/${'a'.repeat(1025)}`, `/kv?key=${'%C3%A9'.repeat(513)}`]) {
      const answer = await send('PUT', path, { body: '' });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'key-too-long', limit: 1024 });
    }
  });

  test('a bare + in a query is refused: it could mean two things', async () => {
    expect((await testApp().send('GET', '/kv?key=a+b')).status).toBe(400);
  });

  test('a key without a path or a query is refused', async () => {
    const { send } = testApp();
    for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
      expect((await send(method, '/kv')).status).toBe(400);
    }
  });
});
