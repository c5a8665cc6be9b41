import { beforeAll, describe, expect, test } from 'bun:test';
import { ENDPOINTS } from '../../../src/wire/openapi.ts';
import { ERRORS } from '../../../src/wire/errors.ts';
import { testApp } from '../../support/http.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'head'];
const { app, send } = testApp();
// oxlint-disable-next-line typescript/no-explicit-any -- a document of free form
let document: any;

beforeAll(async () => {
  document = await (await send('GET', '/swagger/json')).json();
});

function operations(): { name: string; operation: (typeof document)['paths'][string] }[] {
  return Object.entries<Record<string, unknown>>(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
  );
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort((a, b) => (a < b ? -1 : 1));
}

const WILDCARDS: Record<string, string> = { raft: '{rpc}', locks: '{name}', elections: '{name}' };
/** What is done under one route: names of elections have slashes, so the end of it decides. */
const ENDS: Record<string, readonly string[]> = {
  'GET /elections/*': ['', '/observe'],
  'POST /elections/*': ['/campaign', '/proclaim', '/resign'],
};

/** Elysia's `/a/:id` and `/a/*` as OpenAPI writes them. */
function openApiPaths(method: string, path: string): string[] {
  const wildcard = WILDCARDS[path.split('/')[1] ?? ''] ?? '{key}';
  const filled = path.replace(/:([a-z]+)/g, '{$1}').replace('*', wildcard);
  return (ENDS[`${method} ${path}`] ?? ['']).map((end) => filled + end);
}

describe('the OpenAPI document', () => {
  test('lists every route, and no other', () => {
    const routes = app.routes
      .filter(({ path }) => !path.startsWith('/swagger'))
      .flatMap(({ method, path }) =>
        openApiPaths(method, path).map((shown) => `${method.toLowerCase()} ${shown}`),
      );
    const listed = operations().map(({ name }) => name);
    expect(sorted(listed)).toEqual(sorted(routes));
    expect(listed).toHaveLength(ENDPOINTS.length);
  });

  test('says of every route what it does, what it answers and how it fails', () => {
    for (const { name, operation } of operations()) {
      const [method] = name.split(' ');
      expect(METHODS).toContain(method ?? '');
      expect(operation.summary, name).toBeString();
      expect(operation.operationId, name).toBeString();
      expect(operation.tags, name).toHaveLength(1);
      const statuses = Object.keys(operation.responses);
      expect(
        statuses.some((status) => status.startsWith('2')),
        name,
      ).toBe(true);
      expect(
        statuses.some((status) => Number(status) >= 400),
        name,
      ).toBe(true);
    }
  });

  test('has an example of every body, parameter and answer', () => {
    for (const { name, operation } of operations()) {
      for (const parameter of operation.parameters ?? []) {
        expect(parameter.example, `${name} ${parameter.name}`).toBeDefined();
        expect(parameter.description, `${name} ${parameter.name}`).toBeString();
      }
      const responses = Object.entries<Record<string, unknown>>(operation.responses);
      for (const [status, response] of responses) {
        const bodiless = name.startsWith('head ') || status === '304';
        if (bodiless && Number(status) < 400) continue;
        expectExamples(`${name} ${status}`, response['content']);
      }
      if (operation.requestBody !== undefined) expectExamples(name, operation.requestBody.content);
    }
  });

  function expectExamples(name: string, content: unknown): void {
    const media = Object.values<Record<string, unknown>>(Object(content));
    expect(media.length, name).toBeGreaterThan(0);
    for (const { example, examples, schema } of media) {
      expect(example ?? examples, name).toBeDefined();
      expect(schema, name).toBeDefined();
    }
  }

  test('has unique operation ids', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('refers only to schemas that it has, and uses all of them', () => {
    const text = JSON.stringify(document);
    const used = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((m) =>
      String(m[1]),
    );
    const known = Object.keys(document.components.schemas);
    expect(sorted(used)).toEqual(sorted(known));
  });

  test('refers only to headers that it has, and uses all of them', () => {
    const text = JSON.stringify(document.paths);
    const used = [...text.matchAll(/"\$ref":"#\/components\/headers\/([^"]+)"/g)].map((m) =>
      String(m[1]),
    );
    const known = Object.keys(document.components.headers);
    expect(sorted(used)).toEqual(sorted(known));
  });

  test('is of OpenAPI 3.0: no const, no type null, no $id', () => {
    const text = JSON.stringify({ ...document.paths, ...document.components });
    expect(text).not.toMatch(/"const":|"type":"null"|"\$id":/);
  });

  test('names path parameters that are in the path', () => {
    for (const { name, operation } of operations()) {
      const inPath = [...name.matchAll(/\{([a-z]+)\}/g)].map((match) => match[1]);
      const declared = (operation.parameters ?? [])
        .filter((parameter: { in: string }) => parameter.in === 'path')
        .map((parameter: { name: string; required: boolean }) => {
          expect(parameter.required).toBe(true);
          return parameter.name;
        });
      expect(declared).toEqual(inPath);
    }
  });

  test('names every error code that a client can meet', () => {
    const text = JSON.stringify(document.paths);
    const elsewhere = new Set([
      // Answered before a route is found, or by the server itself.
      'method-not-allowed',
      'request-timeout',
      'headers-too-large',
    ]);
    const missing = Object.keys(ERRORS).filter((code) => !text.includes(`/examples/${code}"`));
    expect(missing.filter((code) => !elsewhere.has(code))).toEqual([]);
  });
});

describe('/swagger', () => {
  test('is a page that needs no other host', async () => {
    const page = await send('GET', '/swagger');
    expect(page.headers.get('content-type')).toStartWith('text/html');
    const html = await page.text();
    expect(html).not.toMatch(/https?:|\/\/[a-z]/i);
    const assets = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? '');
    expect(assets.length).toBeGreaterThanOrEqual(3);
    for (const asset of assets) {
      const answer = await send('GET', asset);
      expect(answer.status, asset).toBe(200);
      const type = asset.endsWith('.css') ? 'text/css' : 'text/javascript';
      expect(answer.headers.get('content-type'), asset).toStartWith(type);
      expect((await answer.bytes()).length, asset).toBeGreaterThan(50);
    }
  });

  test('forbids every other host, and being framed', async () => {
    const policy = (await send('GET', '/swagger')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('http');
  });

  test('its script shows the document of this node', async () => {
    const script = await (await send('GET', '/swagger/init.js')).text();
    expect(script).toContain("url: '/swagger/json'");
    expect(script).toContain('validatorUrl: null');
  });
});
