import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { Value } from '@sinclair/typebox/value';
import type { HttpConfig } from '../../../src/http/config.ts';
import { type HttpServer, listen } from '../../../src/http/server.ts';
import type { TxnOp } from '../../../src/kv/command.ts';
import type { ByteString } from '../../../src/lib/bytes.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import { WatchLine } from '../../../src/wire/watch.ts';
import { b, compact, del, grant, id, put, txn } from '../../kv/support/commands.ts';
import { TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';
import { TextReader } from '../../support/text-reader.ts';

const bytes = (text: string): ByteString => text as ByteString;
const LINES = { accept: 'application/x-ndjson' };

let app: TestApp;
let server: HttpServer;
let shutdown: AbortController;
let open: AbortController[];

function start(config: HttpConfig = TEST_CONFIG): void {
  shutdown = new AbortController();
  app = testApp(config, shutdown.signal);
  server = listen(app.app, { host: '127.0.0.1', port: 0, logger: silentLogger });
}

beforeEach(() => {
  open = [];
  start();
});

afterEach(async () => {
  for (const gone of open) gone.abort();
  await server.stop(0);
});

async function connect(query: string, headers: Record<string, string> = {}) {
  const gone = new AbortController();
  open.push(gone);
  const answer = await fetch(`${server.url}/watch?${query}`, { headers, signal: gone.signal });
  if (answer.body === null) throw new Error('no body');
  const reader = new TextReader(answer.body);
  return { answer, gone, reader };
}

async function failure(query: string, headers: Record<string, string> = {}) {
  const answer = await app.send('GET', `/watch?${query}`, { headers });
  const { code, ...rest } = await answer.json();
  return { status: answer.status, code, rest };
}

/** Waits until nobody watches. */
async function untilNoneIsLeft(): Promise<void> {
  while (app.node.watches.size > 0) await new Promise((resolve) => setImmediate(resolve));
}

describe('server-sent events', () => {
  test('begin at once, and say what happens', async () => {
    app.node.apply(put('old', '1'));
    const { answer, reader } = await connect('prefix=a');
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      vary: 'Accept',
      'abcd-revision': '2',
      'abcd-cluster': app.node.clusterId,
    });
    expect(await reader.until('\n\n')).toBe(': abcd watch\nid: 2\n\n');
    app.node.apply(put('a', '1'));
    expect(await reader.until('\n\n')).toBe(
      'id: 3\nevent: change\ndata: {"revision":3,"events":[{"type":"put","key":"a","value":"1",' +
        '"createRevision":3,"modRevision":3,"version":1}]}\n\n',
    );
    app.node.apply(put('b', '1'));
    app.node.apply(del('a'));
    expect(await reader.until('\n\n')).toBe(
      'id: 5\nevent: change\ndata: {"revision":5,"events":[{"type":"delete","key":"a",' +
        '"modRevision":5}]}\n\n',
    );
  });

  test.each([
    ['41', 'revision=3'],
    ['2', 'revision=1'],
    ['0', ''],
  ])('Last-Event-ID %s goes on after it, whatever %j says', async (last, query) => {
    for (let n = 0; n < 45; n += 1) app.node.apply(put('a', `${n}`));
    const { reader } = await connect(`key=a&${query}`, { 'last-event-id': last });
    expect(await reader.until('\n\n')).toBe(`: abcd watch\nid: ${last}\n\n`);
    const first = Math.max(2, Number(last) + 1);
    expect(await reader.until('\n\n')).toStartWith(`id: ${first}\n`);
  });

  test('progress is an event with an id to go on from', async () => {
    const { reader } = await connect('key=a&progress=1s');
    await reader.until('\n\n');
    app.node.apply(put('b', '1'));
    app.node.clockNow += 1000;
    app.node.watches.tick();
    expect(await reader.until('\n\n')).toBe('id: 2\nevent: progress\ndata: {"revision":2}\n\n');
  });

  test('are kept alive by comments', async () => {
    await server.stop(0);
    start({ ...TEST_CONFIG, heartbeatMs: 16 });
    const { reader } = await connect('key=a');
    await reader.until('\n\n');
    expect(await reader.until('\n\n')).toBe(': heartbeat\n\n');
    expect(await reader.until('\n\n')).toBe(': heartbeat\n\n');
  });
});

describe('lines', () => {
  test('are JSON, each of them, and begin at once', async () => {
    const { answer, reader } = await connect('prefix=', LINES);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    app.node.apply(put('a', '1'));
    app.node.apply(put('a', '2'));
    const lines = [await reader.until('\n'), await reader.until('\n')];
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        event: 'change',
        revision: 2,
        events: [
          { type: 'put', key: 'a', value: '1', createRevision: 2, modRevision: 2, version: 1 },
        ],
      },
      {
        event: 'change',
        revision: 3,
        events: [
          { type: 'put', key: 'a', value: '2', createRevision: 2, modRevision: 3, version: 2 },
        ],
      },
    ]);
  });

  test('stay JSON when nothing happens for long', async () => {
    await server.stop(0);
    start({ ...TEST_CONFIG, heartbeatMs: 16 });
    const { reader } = await connect('key=a', LINES);
    expect(await reader.until('  ')).toMatch(/^ +$/);
    app.node.apply(put('a', '1'));
    expect(JSON.parse(await reader.until('\n')).revision).toBe(2);
  });

  test('are as the document says, each kind of them', async () => {
    const { reader } = await connect('prefix=&prev&progress=1s', LINES);
    const { node } = app;
    node.apply(grant('77'));
    node.apply(put('a', '1', { lease: id('77') }));
    node.apply(put('', '', { key: bytes('\xff'), value: bytes('\xfe') }));
    node.apply(del('a'));
    const lines = [];
    for (let n = 0; n < 3; n += 1) lines.push(JSON.parse(await reader.until('\n')));
    node.clockNow += 1000;
    node.watches.tick();
    lines.push(JSON.parse(await reader.until('\n')));
    shutdown.abort();
    lines.push(JSON.parse(await reader.until('\n')));
    expect(lines.flatMap((line) => [...Value.Errors(WatchLine, line)])).toEqual([]);
    expect(lines[0].events[0]).toMatchObject({ lease: '77', prev: null });
    expect(lines[1].events[0]).toMatchObject({
      key: '/w==',
      keyEncoding: 'base64',
      value: '/g==',
      encoding: 'base64',
    });
    expect(lines[2].events[0]).toEqual({
      type: 'delete',
      key: 'a',
      modRevision: 4,
      prev: {
        key: 'a',
        value: '1',
        createRevision: 2,
        modRevision: 2,
        version: 1,
        lease: '77',
      },
    });
    expect(lines.slice(3)).toEqual([
      { event: 'progress', revision: 4 },
      { event: 'canceled', reason: 'shutdown', revision: 5 },
    ]);
    expect(await reader.rest()).toBe('');
  });
});

describe('what is watched', () => {
  const told = async (query: string): Promise<string[]> => {
    const { reader } = await connect(query, LINES);
    const { node } = app;
    const write = (key: string): TxnOp => ({ type: 'put', key: b(key), value: b('1') });
    node.apply(put('a', '0'));
    node.apply(txn([write('a'), write('a/1'), write('b'), write('a+b')]));
    node.apply(txn([{ type: 'delete', key: b('a/1') }, write('a/2')]));
    node.apply(put('end', '1'));
    shutdown.abort();
    const lines = (await reader.rest()).trim().split('\n');
    return lines.slice(0, -1).map((line) => {
      const { events } = JSON.parse(line);
      return events.map((event: { key: string }) => event.key).join(' ');
    });
  };

  test.each([
    ['key=a', ['a', 'a']],
    ['key=a%2Bb', ['a+b']],
    ['prefix=a', ['a', 'a a/1 a+b', 'a/1 a/2']],
    ['prefix=a/', ['a/1', 'a/1 a/2']],
    ['prefix=', ['a', 'a a/1 b a+b', 'a/1 a/2', 'end']],
    ['start=b', ['b', 'end']],
    ['start=a/&end=b', ['a/1', 'a/1 a/2']],
    ['end=a/', ['a', 'a a+b']],
    ['prefix=a/&filter=put', ['a/1', 'a/2']],
    ['prefix=a/&filter=delete', ['a/1']],
  ])('%s', async (query, expected) => {
    expect(await told(query)).toEqual(expected);
  });

  test('revision 0 is none; a revision that is yet to come is waited for', async () => {
    for (let n = 0; n < 5; n += 1) app.node.apply(put('a', `${n}`));
    const now = await connect('key=a&revision=0', LINES);
    const future = await connect('key=a&revision=8', LINES);
    const past = await connect('key=a&revision=3', LINES);
    app.node.apply(put('a', '7'));
    app.node.apply(put('a', '8'));
    const first = async ({ reader }: typeof now) => JSON.parse(await reader.until('\n')).revision;
    expect([await first(now), await first(future), await first(past)]).toEqual([7, 8, 3]);
  });
});

describe('a watch that cannot begin', () => {
  test.each([
    ['', 'bad-request'],
    ['key=', 'bad-key'],
    ['key=%zz', 'bad-key'],
    ['key=a&prefix=a', 'bad-request'],
    ['key=a&end=b', 'bad-request'],
    ['prefix=a&start=a', 'bad-request'],
    ['start=b&end=a', 'bad-request'],
    ['start=b&end=b', 'bad-request'],
    ['end=', 'bad-request'],
    [`key=${'x'.repeat(1025)}`, 'key-too-long'],
    [`prefix=${'x'.repeat(1025)}`, 'key-too-long'],
    ['key=a&key=b', 'bad-request'],
    ['key=a&revision=', 'bad-revision'],
    ['key=a&revision=-1', 'bad-revision'],
    ['key=a&revision=1.5', 'bad-revision'],
    ['key=a&revision=007', 'bad-revision'],
    ['key=a&revision=9007199254740992', 'bad-revision'],
    ['key=a&revision=99999999999999999999', 'bad-revision'],
    ['key=a&revision=x', 'bad-revision'],
    ['key=a&filter=', 'bad-request'],
    ['key=a&filter=none', 'bad-request'],
    ['key=a&prev=maybe', 'bad-request'],
    ['key=a&progress', 'bad-request'],
    ['key=a&progress=5', 'bad-request'],
    ['key=a&progress=0s', 'bad-request'],
    ['key=a&progress=999ms', 'bad-request'],
    ['key=a&progress=61m', 'bad-request'],
    ['key=a&limit=1', 'bad-request'],
    ['key=a&after=1', 'bad-request'],
  ])('%s is refused: %s', async (query, code) => {
    expect(await failure(query)).toMatchObject({ status: 400, code });
    expect(app.node.calls).toEqual([]);
  });

  test.each(['', 'x', '-1', '1.5', '9007199254740992', '0x1'])(
    'Last-Event-ID %j is refused',
    async (last) => {
      const refused = await failure('key=a&revision=1', { 'last-event-id': last });
      expect(refused).toMatchObject({ status: 400, code: 'bad-revision' });
    },
  );

  test('because what it asks for is forgotten says from where on it could', async () => {
    for (let n = 0; n < 5; n += 1) app.node.apply(put('a', `${n}`));
    app.node.apply(compact(4));
    const gone = { status: 410, code: 'compacted', rest: { compactRevision: 4, revision: 6 } };
    expect(await failure('key=a&revision=3')).toMatchObject(gone);
    expect(await failure('key=a&revision=5', { 'last-event-id': '2' })).toMatchObject(gone);
    const { reader } = await connect('key=a', { 'last-event-id': '3' });
    await reader.until('\n\n');
    expect(await reader.until('\n\n')).toStartWith('id: 4\n');
  });

  test('because the node stops is told so', async () => {
    shutdown.abort();
    expect(await failure('key=a')).toMatchObject({ status: 503, code: 'shutting-down' });
    expect(app.node.watches.size).toBe(0);
  });

  test('is no watch for other methods', async () => {
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE']) {
      const answer = await app.send(method, '/watch?key=a');
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    }
  });
});

describe('the end', () => {
  test('of the history that a lagging watch needs is told', async () => {
    await server.stop(0);
    start({ ...TEST_CONFIG, limits: { ...TEST_CONFIG.limits, watcherBytes: 4096 } });
    for (let n = 0; n < 20; n += 1) app.node.apply(put('a', 'x'.repeat(1000)));
    const answer = await app.send('GET', '/watch?key=a&revision=1', { headers: LINES });
    if (answer.body === null) throw new Error('no body');
    const reader = new TextReader(answer.body);
    app.node.apply(compact(18));
    const lines = (await reader.rest()).trim().split('\n');
    const revisions = lines.map((line) => JSON.parse(line).revision);
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      event: 'canceled',
      reason: 'compacted',
      compactRevision: 18,
    });
    expect(revisions.slice(0, -1)).toEqual(lines.slice(0, -1).map((_, n) => n + 2));
    expect(lines.length).toBeLessThan(10);
  });

  test('is told to all when the server stops, and the server stops', async () => {
    const all = await Promise.all([connect('key=a'), connect('key=b&revision=9', LINES)]);
    shutdown.abort();
    const [events, lines] = await Promise.all(all.map(({ reader }) => reader.rest()));
    expect(events).toEndWith('event: canceled\ndata: {"reason":"shutdown","revision":2}\n\n');
    expect(lines).toBe(' {"event":"canceled","reason":"shutdown","revision":9}\n');
    await server.stop(60_000);
    expect(app.node.watches.size).toBe(0);
  });

  test('of the node is told as that of the server', async () => {
    const { reader } = await connect('key=a', LINES);
    app.node.watches.close();
    expect(await reader.rest()).toContain('"reason":"shutdown","revision":2');
  });

  test('of a connection is the end of the watch', async () => {
    const { reader, gone } = await connect('key=a');
    await reader.until('\n\n');
    expect(app.node.watches.size).toBe(1);
    gone.abort();
    await untilNoneIsLeft();
    expect(app.node.changes.size).toBe(0);
  });

  test('of a connection while the watch is opened leaves nothing behind', async () => {
    const held = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<AbortSignal | null>();
    app.node.hold = (context) => {
      entered.resolve(context.signal);
      return held.promise;
    };
    const gone = new AbortController();
    const answer = fetch(`${server.url}/watch?key=a`, { signal: gone.signal });
    const signal = await entered.promise;
    gone.abort();
    await expect(answer).rejects.toThrow();
    while (signal?.aborted === false) await new Promise((resolve) => setImmediate(resolve));
    held.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    await untilNoneIsLeft();
    expect(app.logged).toEqual([]);
  });
});
