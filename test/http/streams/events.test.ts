import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { NODE_EVENTS } from '../../../src/http/streams/event-format.ts';
import { type HttpServer, listen } from '../../../src/http/server.ts';
import { TextStream } from '../../../src/http/streams/text-stream.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import type { NodeEvent } from '../../../src/node/api.ts';
import { fakeEvent } from '../../support/fake-node.ts';
import { TEST_CONFIG, type TestApp, testApp } from '../../support/http.ts';
import { RawSocket } from '../../support/raw-socket.ts';

const HELLO = ': abcd events\n\n';
const BUDGET = 1000;

function eventText(event: NodeEvent): string {
  return `id: ${event.id}\nevent: ${event.family}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Reads pieces as text. */
class TextReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** The next piece; null at the end. */
  async next(): Promise<string | null> {
    const { done, value } = await this.#reader.read();
    return done ? null : this.#decoder.decode(value, { stream: true });
  }

  /** All that is left. */
  async rest(): Promise<string> {
    let text = '';
    for (let piece = await this.next(); piece !== null; piece = await this.next()) text += piece;
    return text;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

describe('a stream of events', () => {
  let emit: (event: NodeEvent) => void = () => undefined;
  let unsubscribed = 0;
  let hurried = 0;
  let shutdown = new AbortController();

  function open(heartbeatMs = 60_000): TextReader {
    unsubscribed = 0;
    hurried = 0;
    shutdown = new AbortController();
    const events = new TextStream({
      format: NODE_EVENTS,
      hurry: () => {
        hurried += 1;
      },
      budgetBytes: BUDGET,
      heartbeatMs,
      shutdown: shutdown.signal,
      subscribe: (listener) => {
        emit = listener;
        return () => {
          unsubscribed += 1;
        };
      },
    });
    return new TextReader(events.stream);
  }

  test('greets at once, then gives every event once and in order', async () => {
    const reader = open();
    expect(await reader.next()).toBe(HELLO);
    const events = [fakeEvent(1), fakeEvent(2), fakeEvent(3)];
    emit(fakeEvent(1));
    emit(fakeEvent(2));
    let text = (await reader.next()) ?? '';
    emit(fakeEvent(3));
    while (!text.includes('id: 3')) text += await reader.next();
    expect(text).toBe(events.map(eventText).join(''));
    await reader.cancel();
    expect(unsubscribed).toBe(1);
  });

  test('a reader over its budget gets a last event that says so, and nothing else', async () => {
    const reader = open();
    for (let id = 1; id <= 100; id += 1) emit(fakeEvent(id, 'x'.repeat(100)));
    expect(unsubscribed).toBe(1);
    emit(fakeEvent(101));
    const rest = await reader.rest();
    expect(rest).toStartWith(HELLO);
    expect(rest).toEndWith('event: canceled\ndata: {"reason":"slow"}\n\n');
    expect(rest.length).toBeLessThan(BUDGET);
    expect(hurried).toBe(1);
  });

  test('one event always fits, whatever its size', async () => {
    const reader = open();
    expect(await reader.next()).toBe(HELLO);
    const large = fakeEvent(1, 'x'.repeat(10 * BUDGET));
    emit(large);
    emit(fakeEvent(2));
    const text = ((await reader.next()) ?? '') + ((await reader.next()) ?? '');
    expect(text).toContain(eventText(large));
    expect(unsubscribed).toBe(0);
    await reader.cancel();
  });

  test('a reader that keeps up is never cut off', async () => {
    const reader = open();
    await reader.next();
    let bytes = 0;
    for (let id = 1; id <= 200; id += 1) {
      emit(fakeEvent(id, 'x'.repeat(100)));
      bytes += (await reader.next())?.length ?? 0;
    }
    expect(bytes).toBeGreaterThan(10 * BUDGET);
    expect(unsubscribed).toBe(0);
    await reader.cancel();
  });

  test('shutdown ends it after what is waiting', async () => {
    const reader = open();
    emit(fakeEvent(1));
    shutdown.abort();
    const rest = await reader.rest();
    expect(rest).toBe(
      `${HELLO}${eventText(fakeEvent(1))}event: canceled\ndata: {"reason":"shutdown"}\n\n`,
    );
    expect(hurried).toBe(1);
    expect(unsubscribed).toBe(1);
  });

  test('after shutdown it ends at once', async () => {
    const events = new TextStream({
      format: NODE_EVENTS,
      hurry: () => {
        hurried += 1;
      },
      budgetBytes: BUDGET,
      heartbeatMs: 60_000,
      shutdown: AbortSignal.abort(),
      subscribe: () => {
        throw new Error('subscribed after shutdown');
      },
    });
    const text = await new TextReader(events.stream).rest();
    expect(text).toBe(`${HELLO}event: canceled\ndata: {"reason":"shutdown"}\n\n`);
  });

  test('is kept alive by comments', async () => {
    const reader = open(1);
    await reader.next();
    expect(await reader.next()).toBe(': heartbeat\n\n');
    expect(await reader.next()).toBe(': heartbeat\n\n');
    await reader.cancel();
  });

  test('a past that is over the budget ends it, and leaves no listener behind', async () => {
    let left = 0;
    const events = new TextStream({
      format: NODE_EVENTS,
      hurry: () => {
        hurried += 1;
      },
      budgetBytes: BUDGET,
      heartbeatMs: 60_000,
      shutdown: new AbortController().signal,
      subscribe: (listener) => {
        left += 1;
        for (let id = 1; id <= 100; id += 1) listener(fakeEvent(id, 'x'.repeat(100)));
        return () => {
          left -= 1;
        };
      },
    });
    expect(await new TextReader(events.stream).rest()).toContain('"reason":"slow"');
    expect(left).toBe(0);
  });
});

describe('GET /events', () => {
  let app: TestApp;
  let server: HttpServer;
  let shutdown: AbortController;

  beforeEach(() => {
    shutdown = new AbortController();
    app = testApp(TEST_CONFIG, shutdown.signal);
    server = listen(app.app, { host: '127.0.0.1', port: 0, logger: silentLogger });
  });

  afterEach(async () => {
    await server.stop(0);
  });

  async function connect(query = '', headers: Record<string, string> = {}) {
    const gone = new AbortController();
    const url = `${server.url}/events${query}`;
    const answer = await fetch(url, { headers, signal: gone.signal });
    if (answer.body === null) throw new Error('no body');
    return { answer, gone, reader: new TextReader(answer.body) };
  }

  test('streams what the node does', async () => {
    const { answer, reader, gone } = await connect();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('abcd-cluster')).toBe(app.node.clusterId);
    expect(await reader.next()).toBe(HELLO);
    app.node.emit(fakeEvent(1));
    expect(await reader.next()).toBe(eventText(fakeEvent(1)));
    gone.abort();
  });

  test.each([
    ['', {}, { level: 'state', since: null }],
    ['?level=message', {}, { level: 'message', since: null }],
    ['?since=0', {}, { level: 'state', since: 0 }],
    ['?since=17', { 'last-event-id': '20' }, { level: 'state', since: 20 }],
  ])('%s %j subscribes with %j', async (query, headers, argument) => {
    const { gone } = await connect(query, headers);
    expect(app.node.calls).toEqual([{ name: 'subscribe', argument }]);
    gone.abort();
  });

  test.each([
    ['?level=all', {}],
    ['?since=-1', {}],
    ['?since=x', {}],
    ['?since=', {}],
    ['', { 'last-event-id': 'x' }],
  ])('%s %j is refused', async (query, headers) => {
    const { answer } = await connect(query, headers);
    expect(answer.status).toBe(400);
    expect(app.node.listeners).toBe(0);
  });

  test('a reader that goes away is forgotten', async () => {
    const left = Promise.withResolvers<void>();
    const { node } = app;
    const subscribe = node.subscribe.bind(node);
    node.subscribe = (level, since, listener) => {
      const unsubscribe = subscribe(level, since, listener);
      return () => {
        unsubscribe();
        left.resolve();
      };
    };
    const { reader, gone } = await connect();
    await reader.next();
    expect(node.listeners).toBe(1);
    gone.abort();
    await left.promise;
    expect(node.listeners).toBe(0);
  });

  test('a reader that stops reading is cut off, within its budget', async () => {
    const socket = await RawSocket.open(server.port);
    socket.write('GET /events HTTP/1.1\r\nHost: n1\r\n\r\n');
    await socket.until((received) => received.includes(HELLO));
    socket.pause();
    const padding = 'x'.repeat(65_536);
    let id = 0;
    // The kernel takes some megabytes; then events wait here, and then the listener goes.
    while (app.node.listeners > 0 && id < 10_000) {
      id += 1;
      app.node.emit(fakeEvent(id, padding));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(id).toBeLessThan(1000);
    socket.resume();
    expect(await socket.until((text) => text.includes('"reason":"slow"'))).toBe(true);
    socket.close();
  });

  test('ends with the reason when the server stops', async () => {
    const { reader } = await connect();
    await reader.next();
    shutdown.abort();
    expect(await reader.rest()).toBe('event: canceled\ndata: {"reason":"shutdown"}\n\n');
    await server.stop(60_000);
  });
});
