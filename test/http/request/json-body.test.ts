import { expect, test } from 'bun:test';
import { readJson } from '../../../src/http/request/json-body.ts';
import { ApiError } from '../../../src/wire/errors.ts';

function read(body: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  return readJson(new Request('http://x/', { method: 'POST', headers, body }), 2 ** 20);
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

test('nesting is bounded, and refusing it takes no time', async () => {
  expect(await read(nested(32))).toBeArray();
  const begun = performance.now();
  for (const body of [nested(33), nested(100_000), '{"a":'.repeat(1000), '['.repeat(500_000)]) {
    const error: unknown = await read(body).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'bad-request' });
  }
  expect(performance.now() - begun).toBeLessThan(200);
});

test('brackets inside strings do not nest', async () => {
  const text = `${'['.repeat(100)}\\"${'{'.repeat(100)}\\\\`;
  expect(await read(`{"a":"${text}"}`)).toEqual({ a: `${'['.repeat(100)}"${'{'.repeat(100)}\\` });
});

test.each([
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":1}',
  '[{"b":[{"c":{"__proto__":1,"d":2,"__proto__":3}}]}]',
])('%s names a member twice', async (body) => {
  const error: unknown = await read(body).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'bad-request' });
});

test.each([
  '{"a":":\\":","b":{"a":[{"a":1},{"a":1}]}}',
  '{"__proto__":{"a":1},"constructor":{}}',
  '":"',
])('%s does not', async (body) => {
  expect(JSON.stringify(await read(body))).toBe(JSON.stringify(JSON.parse(body)));
});
