import { beforeEach, describe, expect, test } from 'bun:test';
import type { LeaseId } from '../../../src/kv/command.ts';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import { type TestApp, testApp } from '../../support/http.ts';

let app: TestApp;

/** a: 1 at 2, 2 at 3, deleted at 4, 3 at 5; b at 6 and 7; compacted at 3. */
beforeEach(async () => {
  app = testApp();
  await app.send('PUT', '/kv/a', { body: '1' });
  await app.send('PUT', '/kv/a', { body: '2' });
  await app.send('DELETE', '/kv/a');
  await app.send('PUT', '/kv/a', { body: '3' });
  await app.send('PUT', '/kv/b', { body: 'x' });
  await app.send('PUT', '/kv/b', { body: 'y' });
  app.node.apply({ kind: 'compact', revision: 3 });
});

describe('GET /kv/{key}?revision=', () => {
  test.each([
    [0, { value: '3', createRevision: 5, modRevision: 5, version: 1 }],
    [7, { value: '3', createRevision: 5, modRevision: 5, version: 1 }],
    [5, { value: '3', createRevision: 5, modRevision: 5, version: 1 }],
    [3, { value: '2', createRevision: 2, modRevision: 3, version: 2 }],
  ])('%d gives the pair of then, the revision of now', async (revision, pair) => {
    for (const path of [`/kv/a?revision=${revision}`, `/kv?key=a&revision=${revision}`]) {
      const answer = await app.send('GET', path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('abcd-revision')).toBe('7');
      expect(answer.headers.get('etag')).toBe(`"${pair.modRevision}"`);
      expect(await answer.json()).toEqual({ key: 'a', ...pair });
      const head = await app.send('HEAD', path);
      expect(head.headers.get('etag')).toBe(`"${pair.modRevision}"`);
    }
  });

  test.each([
    ['4', 404, { code: 'key-not-found', revision: 7 }],
    ['2', 410, { code: 'compacted', compactRevision: 3, revision: 7 }],
    ['1', 410, { code: 'compacted', compactRevision: 3 }],
    ['8', 400, { code: 'future-revision', revision: 7 }],
    ['9007199254740991', 400, { code: 'future-revision', revision: 7 }],
    ['9007199254740992', 400, { code: 'bad-revision' }],
    ['99999999999999999999', 400, { code: 'bad-revision' }],
    ['-1', 400, { code: 'bad-revision' }],
    ['1.5', 400, { code: 'bad-revision' }],
    ['1e1', 400, { code: 'bad-revision' }],
    ['0x5', 400, { code: 'bad-revision' }],
    ['05', 400, { code: 'bad-revision' }],
    ['%205', 400, { code: 'bad-revision' }],
    ['%D9%A5', 400, { code: 'bad-revision' }],
    ['', 400, { code: 'bad-revision' }],
  ])('%s is %d %j, for a range, a stream and a history as well', async (revision, status, body) => {
    const accept = { headers: { accept: 'application/x-ndjson' } };
    const answers = [
      await app.send('GET', `/kv/a?revision=${revision}`),
      await app.send('GET', `/kv/a?raw&revision=${revision}`),
      ...(status === 404
        ? []
        : [
            await app.send('GET', `/kv?prefix=a&revision=${revision}`),
            await app.send('GET', `/kv?prefix=a&countOnly&revision=${revision}`),
            await app.send('GET', `/kv?prefix=a&revision=${revision}`, accept),
            await app.send('GET', `/history/a?revision=${revision}`),
            await app.send('GET', `/hash?revision=${revision}`),
          ]),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.headers.get('abcd-revision')).toBe('7');
      expect(await answer.json()).toMatchObject(body);
    }
    expect((await app.send('HEAD', `/kv/a?revision=${revision}`)).status).toBe(status);
    if (body.code === 'bad-revision') expect(app.node.calls.at(-1)?.name).toBe('propose');
  });

  test('a linearizable read knows what is new, a serializable one what is here', async () => {
    app.node.hold = async () => {
      app.node.hold = null;
      await app.send('PUT', '/kv/a', { body: '4' });
    };
    const here = await app.send('GET', '/kv/a?revision=8&consistency=serializable');
    expect(await here.json()).toMatchObject({ code: 'future-revision', revision: 7 });
    const everywhere = await app.send('GET', '/kv/a?revision=8');
    expect(await everywhere.json()).toMatchObject({ value: '4', modRevision: 8 });
  });

  test.each([
    ['if-none-match', '"3"', 304],
    ['if-none-match', '"5"', 200],
    ['if-match', '"3"', 200],
    ['if-match', '"5"', 412],
  ])('%s: %s compares with what is found there', async (name, value, status) => {
    const answer = await app.send('GET', '/kv/a?revision=3', { headers: { [name]: value } });
    expect(answer.status).toBe(status);
  });
});

describe('the lease of a pair', () => {
  const id = '1152921504606846999' as LeaseId;

  test('is shown while the key is attached, wherever pairs are', async () => {
    const key = bytesOfText('l');
    app.node.apply({ kind: 'lease-grant', id, ttl: 60 });
    const fields = { key, value: key, condition: null, prev: false };
    app.node.apply({ kind: 'put', ...fields, lease: id });
    app.node.apply({ kind: 'put', ...fields });
    const pair = async (path: string) => (await app.send('GET', path)).json();
    expect(await pair('/kv/l?revision=8')).toMatchObject({ modRevision: 8, lease: id });
    expect(await pair('/kv/l')).not.toHaveProperty('lease');
    const { kvs } = await pair('/kv?prefix=l&revision=8&keysOnly');
    expect(kvs).toEqual([{ key: 'l', createRevision: 8, modRevision: 8, version: 1, lease: id }]);
    const { versions } = await pair('/history/l');
    expect(versions.map(({ lease }: { lease?: string }) => lease)).toEqual([undefined, id]);
  });
});
