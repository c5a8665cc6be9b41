import { describe, expect, test } from 'bun:test';
import { createApp } from '../../src/http/app.ts';
import type { Logger, LogLevel } from '../../src/lib/logger.ts';
import { FakeNode } from '../support/fake-node.ts';
import { echoPeers, TEST_CONFIG } from '../support/http.ts';

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** An interface whose log begins at a level. */
function logging(least: LogLevel) {
  const node = new FakeNode();
  const lines: { readonly level: string; readonly message: string; readonly fields: object }[] = [];
  const logger: Logger = {
    enabled: (level) => level === least || level === 'error',
    log: (level, _family, message, fields = {}) => lines.push({ level, message, fields }),
  };
  const app = createApp({ node, peers: echoPeers, config: TEST_CONFIG, logger });
  const send = async (method: string, path: string, headers: Record<string, string> = {}) =>
    await app.handle(new Request(`http://n1${path}`, { method, headers }));
  return { node, lines, send };
}

describe('the log of requests', () => {
  test('has one line for each, with what finds it elsewhere', async () => {
    const { lines, send } = logging('debug');
    await send('PUT', '/kv/a%2Fb', { 'x-request-id': 'mine', traceparent: TRACE });
    const names = { requestId: 'mine', traceparent: TRACE };
    const fields = { method: 'PUT', path: '/kv/a%2Fb', status: 201, ms: 0, ...names };
    expect(lines).toEqual([{ level: 'debug', message: 'request', fields }]);
  });

  test('names what had no name as the answer does', async () => {
    const { lines, send } = logging('debug');
    const answer = await send('GET', '/status', { traceparent: 'nonsense' });
    const requestId = answer.headers.get('x-request-id');
    expect(requestId).not.toBeNull();
    expect(lines[0]?.fields).toMatchObject({ requestId, traceparent: null });
  });

  test.each([
    ['GET', '/kv?prefix=secret&limit=10', '/kv?prefix&limit', 200],
    ['GET', '/kv/none?consistency=serializable', '/kv/none?consistency', 404],
    ['GET', '/nowhere', '/nowhere', 404],
    ['HEAD', '/events', '/events', 405],
    ['GET', '/', '/', 404],
  ])('%s %s has the path without values, and the status', async (method, path, shown, status) => {
    const { lines, send } = logging('debug');
    await send(method, path);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields).toMatchObject({ method, path: shown, status });
  });

  test('leaves out what peers say', async () => {
    const { lines, send } = logging('debug');
    expect((await send('POST', '/raft/append')).status).toBe(200);
    expect(lines).toEqual([]);
  });

  test('is not there above debug', async () => {
    const { lines, send } = logging('info');
    await send('PUT', '/kv/a');
    expect(lines).toEqual([]);
  });
});

describe('what goes with a request to the leader', () => {
  test('is what the client sent', async () => {
    const { node, send } = logging('info');
    await send('PUT', '/kv/a', { 'x-request-id': 'mine', traceparent: TRACE });
    expect(node.contexts[0]?.correlation).toEqual({ requestId: 'mine', traceparent: TRACE });
  });

  test('is what the answer says, where the client sent nothing safe to repeat', async () => {
    const { node, send } = logging('info');
    let told: string | undefined;
    node.hold = (context) => {
      told = context.correlation?.requestId;
      return Promise.resolve();
    };
    const answer = await send('PUT', '/kv/a', { 'x-request-id': 'a b' });
    expect(told).toBeDefined();
    expect(answer.headers.get('x-request-id')).toBe(told ?? '');
    const next = await send('PUT', '/kv/a');
    expect(next.headers.get('x-request-id')).not.toBe(told ?? '');
  });
});
