import { expect, test } from 'bun:test';
import { testApp } from '../../support/http.ts';

/** Bytes that have broken other stores, as they are percent-encoded. */
const KEYS: readonly (readonly [what: string, encoded: string])[] = [
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['toString', 'toString'],
  ['10, which an object would put before', '10'],
  ['9', '9'],
  ['an astral character', '%F0%9F%98%80'],
  ['the first half of one, as UTF-8', '%ED%A0%BD'],
  ['invalid UTF-8', '%FF%FE'],
  ['half a character', '%C3'],
  ['an overlong NUL', '%C0%80'],
  ['NUL', '%00'],
  ['a byte order mark', '%EF%BB%BF'],
  ['percent', '%25'],
  ['what looks encoded', '%2541'],
  ['slashes', '%2Fa%2F%2Fb%2F'],
  ['dots', '..%2F.'],
  ['quotes and a backslash', '%22%5C%27'],
  ['lines', '%0A%0D%E2%80%A8'],
  ['a query', '%3Fa=b%26c%23d'],
  ['plus and space', '%2B%20'],
];

const bytesOf = (encoded: string): Buffer =>
  Buffer.from(
    encoded.replace(/%([0-9A-F]{2})/g, (_, hex: string) => {
      return String.fromCharCode(Number.parseInt(hex, 16));
    }),
    'latin1',
  );

/** The bytes of a key or value as an answer shows it. */
function shown(text: string, encoding: string | undefined): Buffer {
  return Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8');
}

interface Shown {
  readonly key: string;
  readonly keyEncoding?: string;
  readonly value: string;
  readonly encoding?: string;
}

test.each(KEYS)('%s (%s) as key and value comes back everywhere', async (_what, encoded) => {
  const { send } = testApp();
  const bytes = bytesOf(encoded);
  expect((await send('PUT', `/kv?key=${encoded}`, { body: Uint8Array.from(bytes) })).status).toBe(
    201,
  );
  const expectIt = ({ key, keyEncoding, value, encoding }: Shown): void => {
    expect(shown(key, keyEncoding)).toEqual(bytes);
    expect(shown(value, encoding)).toEqual(bytes);
  };
  expectIt(await (await send('GET', `/kv?key=${encoded}`)).json());
  expectIt(await (await send('GET', `/kv?key=${encoded}&revision=2`)).json());
  const raw = await send('GET', `/kv?key=${encoded}&raw`);
  expect(await raw.bytes()).toEqual(Uint8Array.from(bytes));
  for (const query of ['prefix=', `prefix=${encoded}`, `start=${encoded}`, 'prefix=&sort=value']) {
    const { kvs, count } = await (await send('GET', `/kv?${query}`)).json();
    expect(count).toBe(1);
    expectIt(kvs[0]);
    if (query.includes('sort')) continue;
    const accept = { headers: { accept: 'application/x-ndjson' } };
    const text = await (await send('GET', `/kv?${query}`, accept)).text();
    expect(text.split('\n')).toHaveLength(2);
    expectIt(JSON.parse(text));
  }
  const { versions } = await (await send('GET', `/history?key=${encoded}`)).json();
  expect(shown(versions[0].value, versions[0].encoding)).toEqual(bytes);
  // Nothing else was written by the way.
  expect((await (await send('DELETE', '/kv?prefix=')).json()).deleted).toBe(1);
});

test('keys are in the order of their bytes, whatever the page and the direction', async () => {
  const { send } = testApp();
  for (const [, encoded] of KEYS) await send('PUT', `/kv?key=${encoded}`, { body: encoded });
  const sorted = KEYS.map(([, encoded]) => bytesOf(encoded)).sort((a, b) => Buffer.compare(a, b));
  for (const order of ['asc', 'desc']) {
    const keys: Buffer[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answer = await send('GET', `/kv?prefix=&order=${order}&limit=3${cursor}`);
      const { kvs, next, count }: { kvs: Shown[]; next: string | null; count: number } =
        await answer.json();
      expect(count).toBe(KEYS.length);
      keys.push(...kvs.map(({ key, keyEncoding }) => shown(key, keyEncoding)));
      cursor = next === null ? null : `&cursor=${next}`;
    }
    expect(keys).toEqual(order === 'asc' ? sorted : sorted.toReversed());
  }
});
