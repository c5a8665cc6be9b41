import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { type HttpServer, listen } from '../../src/http/server.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { type RawAnswer, RawSocket } from '../support/raw-socket.ts';
import { TEST_CONFIG, type TestApp, testApp } from '../support/http.ts';

const MIB = 2 ** 20;

let app: TestApp;
let server: HttpServer;
const sockets: RawSocket[] = [];

beforeEach(() => {
  app = testApp();
  server = listen(app.app, { host: '127.0.0.1', port: 0, logger: silentLogger });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await server.stop(0);
});

async function open(): Promise<RawSocket> {
  const socket = await RawSocket.open(server.port);
  sockets.push(socket);
  return socket;
}

async function exchange(request: string): Promise<RawAnswer> {
  const socket = await open();
  socket.write(request);
  return await socket.answer();
}

function codeOf({ body }: RawAnswer): unknown {
  return JSON.parse(body).code;
}

describe('a request over the wire', () => {
  test('is answered, with the length of the answer', async () => {
    const put = await exchange('PUT /kv/a HTTP/1.1\r\nHost: n1\r\nContent-Length: 2\r\n\r\nhi');
    expect(put.status).toBe(201);
    const get = await exchange('GET /kv/a?raw HTTP/1.1\r\nHost: n1\r\n\r\n');
    expect(get.body).toBe('hi');
    expect(get.headers.get('content-length')).toBe('2');
  });

  test('HEAD has the headers of GET, its length too, and no body', async () => {
    await exchange('PUT /kv/a HTTP/1.1\r\nHost: n1\r\nContent-Length: 2\r\n\r\nhi');
    const get = await exchange('GET /kv/a HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n');
    const socket = await open();
    socket.write('HEAD /kv/a HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n');
    await socket.untilClosed();
    const [head = '', body] = socket.received.split('\r\n\r\n');
    expect(body).toBe('');
    for (const name of ['etag', 'content-length', 'abcd-revision', 'content-type']) {
      expect(head.toLowerCase()).toContain(`${name}: ${get.headers.get(name)?.toLowerCase()}`);
    }
  });

  test('304 has no body', async () => {
    await exchange('PUT /kv/a HTTP/1.1\r\nHost: n1\r\nContent-Length: 0\r\n\r\n');
    const socket = await open();
    const head = 'Host: n1\r\nIf-None-Match: "2"\r\nConnection: close\r\n\r\n';
    socket.write(`GET /kv/a HTTP/1.1\r\n${head}`);
    await socket.untilClosed();
    expect(socket.received).toStartWith('HTTP/1.1 304');
    expect(socket.received).toEndWith('\r\n\r\n');
  });

  test('several on one connection are answered in order', async () => {
    const socket = await open();
    const get = 'GET /kv/none HTTP/1.1\r\nHost: n1\r\n\r\n';
    const put = 'PUT /kv/a HTTP/1.1\r\nHost: n1\r\nContent-Length: 1\r\n\r\n1';
    socket.write(put + get + put);
    await socket.until((received) => received.split('HTTP/1.1 ').length === 4);
    const statuses = [...socket.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
    expect(statuses).toEqual(['201', '404', '200']);
  });

  test('chunked bodies are put together', async () => {
    const chunks = '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
    const head = 'Host: n1\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect((await exchange(`PUT /kv/a HTTP/1.1\r\n${head}${chunks}`)).status).toBe(201);
    expect(await (await fetch(`${server.url}/kv/a?raw`)).text()).toBe('abcde');
  });

  test.each([
    ['a//b', 'a//b'],
    ['é', 'é'],
    ['a{}|^`"<>', 'a{}|^`"<>'],
    ['%61%2F%62', 'a/b'],
    ['a;b,c:d@e', 'a;b,c:d@e'],
  ])('the raw path /kv/%s names the key %j', async (path, key) => {
    const answer = await exchange(
      `PUT /kv/${path} HTTP/1.1\r\nHost: n1\r\nContent-Length: 0\r\n\r\n`,
    );
    const { key: stored } = JSON.parse(Buffer.from(answer.body, 'latin1').toString());
    expect(stored).toBe(key);
  });

  test('a fragment, which has no business there, is refused', async () => {
    expect(codeOf(await exchange('GET /kv/a#b HTTP/1.1\r\nHost: n1\r\n\r\n'))).toBe('bad-key');
  });
});

describe('the Host header', () => {
  test.each([
    ['evil.example', 421],
    ['a/b?', 400],
    ['', 400],
    ['n1@evil', 400],
    ['n1', 200],
  ])('Host: %s is %d', async (host, status) => {
    const answer = await exchange(`GET /status HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-request-id')).toBeDefined();
  });

  test('twice is refused, whatever the second one says', async () => {
    const hosts = 'Host: n1\r\nHost: n1\r\n';
    expect((await exchange(`GET /status HTTP/1.1\r\n${hosts}\r\n`)).status).toBe(400);
  });

  test('HTTP/1.0 may do without', async () => {
    expect((await exchange('GET /kv/a HTTP/1.0\r\n\r\n')).status).toBe(404);
    expect((await exchange('GET /livez HTTP/1.0\r\n\r\n')).status).toBe(200);
    const put = await exchange('PUT /kv/a HTTP/1.0\r\nContent-Length: 1\r\n\r\n1');
    expect(put.status).toBe(201);
  });

  test('HTTP/1.1 may not', async () => {
    expect((await exchange('GET /livez HTTP/1.1\r\n\r\n')).status).toBe(400);
  });
});

describe('malformed requests are refused before any route', () => {
  test.each([
    ['two different lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    ['a negative length', 'Content-Length: -1\r\n\r\n', 400],
    ['length and chunks', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['huge headers', `X: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['too many headers', `${'X: a\r\n'.repeat(300)}\r\n`, 431],
  ])('%s', async (_what, rest, status) => {
    const answer = await exchange(`PUT /kv/a HTTP/1.1\r\nHost: n1\r\n${rest}`);
    expect(answer.status).toBe(status);
    expect(app.node.calls).toEqual([]);
  });

  test.each([
    [9000, 414],
    [20_000, 431],
  ])('a URL of %d bytes is %d', async (length, status) => {
    const answer = await exchange(`GET /kv/${'a'.repeat(length)} HTTP/1.1\r\nHost: n1\r\n\r\n`);
    expect(answer.status).toBe(status);
  });

  test.each(['FOO', 'get', 'TRACE', 'PROPFIND'])('the method %s never succeeds', async (method) => {
    const answer = await exchange(`${method} /kv/a HTTP/1.1\r\nHost: n1\r\n\r\n`);
    expect([0, 400, 405, 501]).toContain(answer.status);
    expect(app.node.calls).toEqual([]);
  });
});

describe('a body that is too large', () => {
  const chunk = new Uint8Array(65_536).fill(97);
  const chunked = Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')]);
  const put = 'PUT /kv/a HTTP/1.1\r\nHost: n1\r\n';

  function expectRefusal(answer: RawAnswer): void {
    expect(answer.status).toBe(413);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('connection')).toBe('close');
    expect(codeOf(answer)).toBe('body-too-large');
    expect(app.node.calls).toEqual([]);
  }

  test('is refused by its length before a byte of it has come', async () => {
    const socket = await open();
    socket.write(`${put}Content-Length: ${2 ** 40}\r\n\r\n`);
    expect(await socket.until((received) => received.includes('"body-too-large"'))).toBe(true);
    expect(socket.received).not.toEndWith('0\r\n\r\n');
  });

  test('is refused by count when it has no length', async () => {
    const socket = await open();
    socket.write(`${put}Transfer-Encoding: chunked\r\n\r\n`);
    await socket.writeAll(chunked, 25);
    expect(await socket.until((received) => received.includes('"body-too-large"'))).toBe(true);
    expect(socket.received).not.toEndWith('0\r\n\r\n');
  });

  test.each([
    ['with a length', 3 * MIB, `Content-Length: ${3 * MIB}\r\n\r\n`, chunk, ''],
    ['in chunks', 3 * MIB, 'Transfer-Encoding: chunked\r\n\r\n', chunked, '0\r\n\r\n'],
  ])('a client that writes it all, %s, reads the answer', async (_how, size, head, piece, end) => {
    const socket = await open();
    socket.write(put + head);
    expect(await socket.writeAll(piece, size / chunk.length)).toBe(size / chunk.length);
    socket.write(end);
    await socket.untilClosed();
    expectRefusal(await socket.answer());
  });

  test('a client that never ends is cut off', async () => {
    const socket = await open();
    socket.write(`${put}Content-Length: ${2 ** 40}\r\n\r\n`);
    const written = await socket.writeAll(chunk, 10_000);
    expect(written).toBeLessThan(1000);
    await socket.untilClosed();
    expectRefusal(await socket.answer());
  });

  test('a client that stops writing is cut off after the time for it', async () => {
    const limits = { ...TEST_CONFIG.limits, drainMs: 20 };
    await server.stop(0);
    app = testApp({ ...TEST_CONFIG, limits });
    server = listen(app.app, { host: '127.0.0.1', port: 0, logger: silentLogger });
    const socket = await open();
    socket.write(`${put}Content-Length: ${2 ** 40}\r\n\r\nabc`);
    await socket.untilClosed();
    expectRefusal(await socket.answer());
  });

  test('fetch sees the answer as well', async () => {
    const body = new Uint8Array(4 * MIB);
    const answer = await fetch(`${server.url}/kv/a`, { method: 'PUT', body });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'body-too-large', limit: 1.5 * MIB });
  });
});

describe('a client that goes away', () => {
  test('fires the signal of its request', async () => {
    const held = Promise.withResolvers<AbortSignal | null>();
    const over = Promise.withResolvers<void>();
    app.node.hold = async ({ signal }) => {
      held.resolve(signal);
      await over.promise;
    };
    const socket = await open();
    socket.write('PUT /kv/a HTTP/1.1\r\nHost: n1\r\nContent-Length: 1\r\n\r\n1');
    const signal = await held.promise;
    expect(signal?.aborted).toBe(false);
    socket.close();
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    over.resolve();
  });

  test('in the middle of its body is no fault', async () => {
    const socket = await open();
    // The answer to the first request shows that the second has begun, too.
    const first = 'GET /livez HTTP/1.1\r\nHost: n1\r\n\r\n';
    socket.write(`${first}PUT /kv/a HTTP/1.1\r\nHost: n1\r\nContent-Length: 1000\r\n\r\nabc`);
    await socket.answer();
    socket.close();
    // Once it has stopped, the server has come to the end of every request.
    await server.stop(60_000);
    expect(app.logged).toEqual([]);
    expect(app.node.calls).toEqual([]);
  });
});

describe('listen', () => {
  test('says where', () => {
    expect(server.port).toBeGreaterThan(0);
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  });

  test('a port that is taken is an error', () => {
    const options = { host: '127.0.0.1', port: server.port, logger: silentLogger };
    expect(() => listen(testApp().app, options)).toThrow();
  });

  test('stop lets a running request finish', async () => {
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    app.node.hold = async () => {
      started.resolve();
      await go.promise;
    };
    const running = fetch(`${server.url}/kv/a`, { method: 'PUT', body: '1' });
    await started.promise;
    const stopped = server.stop(60_000);
    go.resolve();
    expect((await running).status).toBe(201);
    await stopped;
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow();
  });

  test('stop closes what does not finish in time', async () => {
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    app.node.hold = async () => {
      started.resolve();
      await go.promise;
    };
    const running = fetch(`${server.url}/kv/a`, { method: 'PUT', body: '1' });
    const failed = running.catch(() => 'closed');
    await started.promise;
    await server.stop(1);
    expect(await failed).toBe('closed');
    go.resolve();
  });

  test('stop does not wait for idle connections', async () => {
    const socket = await open();
    socket.write('GET /livez HTTP/1.1\r\nHost: n1\r\n\r\n');
    await socket.answer();
    await server.stop(60_000);
  });
});
