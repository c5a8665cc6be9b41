import { describe, expect, test } from 'bun:test';
import { Value } from '@sinclair/typebox/value';
import type { Endpoint } from '../../src/wire/endpoint.ts';
import type { LeaseId } from '../../src/kv/command.ts';
import { ENDPOINTS } from '../../src/wire/openapi.ts';
import { FakeFaults } from '../support/fake-node.ts';
import { type TestApp, testApp } from '../support/http.ts';

/** An app in which the keys of the examples exist. */
async function exampleApp(): Promise<TestApp> {
  const app = testApp();
  app.node.faults = new FakeFaults();
  await app.send('PUT', '/kv/config/color', { body: 'blue' });
  app.node.apply({ kind: 'lease-grant', id: '4037200794235010051' as LeaseId, ttl: 30 });
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ lease: '4037200794235010051' });
  // An election is a lock whose holder has something to say.
  for (const name of ['primary', 'jobs/weekly']) {
    await app.send('POST', `/locks/${name}`, { headers, body });
  }
  return app;
}

/** The request that the OpenAPI document shows: examples of all that is required. */
function requestOf({ path, parameters, body, id }: Endpoint) {
  const query = new URLSearchParams();
  let filled: string = path;
  for (const parameter of parameters ?? []) {
    const value = encodeURIComponent(String(parameter.example));
    if (parameter.in === 'path') filled = filled.replace(`{${parameter.name}}`, value);
    if (parameter.in === 'query' && parameter.required === true) query.set(parameter.name, value);
  }
  if (['getRange', 'deleteRange', 'watch'].includes(id)) query.set('prefix', 'config');
  const json = body?.contentType === 'application/json';
  const content = json ? JSON.stringify(body.example) : String(body?.example);
  return {
    url: `${filled}?${decodeURIComponent(query.toString())}`,
    options: body && { headers: { 'content-type': body.contentType }, body: content },
  };
}

describe('what the OpenAPI document shows', () => {
  test.each(ENDPOINTS.map((endpoint) => [endpoint.id, endpoint] as const))(
    '%s works, and answers as it says',
    async (_id, endpoint) => {
      const { send } = await exampleApp();
      const { url, options } = requestOf(endpoint);
      const response = await send(endpoint.method.toUpperCase(), url, options);
      const answer = endpoint.answers[response.status];
      expect(answer, `${endpoint.id}: ${response.status}`).toBeDefined();
      const type = response.headers.get('content-type')?.split(';')[0];
      const content = answer?.content?.find(({ contentType }) => contentType === type);
      if (endpoint.method === 'head') return;
      expect(content, `${endpoint.id}: ${type}`).toBeDefined();
      if (type !== 'application/json' || content === undefined) {
        await response.body?.cancel();
        return;
      }
      const problems = [...Value.Errors(content.schema, await response.json())];
      expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([]);
    },
  );
});

test('/kv?key= is declared to answer whatever /kv/{key} does', () => {
  const [byQuery, byPath] = ['getRange', 'getKey'].map((id) => {
    const endpoint = ENDPOINTS.find((one) => one.id === id);
    const answers = Object.entries(endpoint?.answers ?? {}).flatMap(([status, answer]) => [
      ...(answer.content ?? [{ contentType: 'none' }]).map((one) => `${status} ${one.contentType}`),
      ...(answer.headers ?? []).map((header) => `${status} ${header}`),
    ]);
    const parameters = endpoint?.parameters?.map(({ name }) => name) ?? [];
    return [...answers, ...parameters, ...(endpoint?.errors ?? [])];
  });
  expect(byQuery).toEqual(expect.arrayContaining(byPath ?? []));
  expect(byPath).toContain('304 ETag');
});

test('whatever takes a body says how it is refused', () => {
  for (const { id, body, errors, tag } of ENDPOINTS) {
    if (body === undefined || tag === 'Peers') continue;
    const json = body.contentType === 'application/json' ? ['unsupported-media-type'] : [];
    const refusals = ['body-too-large', 'request-timeout', 'unsupported-encoding', ...json];
    expect(errors, id).toEqual(expect.arrayContaining(refusals));
  }
});

test.each(['putKey', 'putKeyByQuery', 'txn', 'grantLease'])('%s may meet the quota', (id) => {
  expect(ENDPOINTS.find((endpoint) => endpoint.id === id)?.errors).toContain('quota-exceeded');
});
