import { expect, test } from 'bun:test';
import { Elysia } from 'elysia';

const app = new Elysia().get('/kv/*', ({ params }) => `[${params['*']}]`);

const get = async (url: string) => {
  const response = await app.handle(new Request(url));
  return response.status === 200 ? response.text() : response.status;
};

test('a wildcard is not percent-decoded', async () => {
  for (const raw of ['a%2Fb', '%00', '%zz', '%E4%B8%80', 'a+b', 'a//b', '/a', '']) {
    expect(await get(`http://localhost:8080/kv/${raw}`)).toBe(`[${raw}]`);
  }
});

test('dot segments are gone before routing, percent-encoded ones too', async () => {
  expect(await get('http://localhost:8080/kv/a/../b')).toBe('[b]');
  expect(await get('http://localhost:8080/kv/a/%2e%2e/b')).toBe('[b]');
  expect(await get('http://localhost:8080/kv/./b')).toBe('[b]');
});

test('a host of up to three letters without a port finds no route', async () => {
  expect(await get('http://n1/kv/a')).toBe(404);
  expect(await get('http://n1:8080/kv/a')).toBe('[a]');
  expect(await get('http://node/kv/a')).toBe('[a]');
});
