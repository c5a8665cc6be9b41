import { createApp } from '../../src/http/app.ts';
import { type HttpConfig, httpConfigOf } from '../../src/http/config.ts';
import type { Logger } from '../../src/lib/logger.ts';
import type { PeerEndpoint } from '../../src/transport/peer-endpoint.ts';
import { FakeNode } from './fake-node.ts';

const SETTINGS = {
  host: '127.0.0.1',
  url: 'http://127.0.0.1:8080',
  allowedHosts: ['n1', 'abcd.example'],
  keyBytes: 1024,
  valueBytes: 2 ** 20,
  requestBytes: 1536 * 1024,
};

/** The configuration that tests start from. */
export const TEST_CONFIG: HttpConfig = httpConfigOf(SETTINGS, '9.9.9');

/** Answers every message with its own path and body. */
export const echoPeers: PeerEndpoint = {
  handle: ({ path, body }) =>
    Promise.resolve({
      status: 200,
      headers: { 'content-type': 'application/json', 'x-peer': 'echo' },
      body: JSON.stringify({ path, bytes: body.length }),
    }),
};

export interface TestApp {
  readonly node: FakeNode;
  readonly app: ReturnType<typeof createApp>;
  /** Sends a request to `http://n1` without a network. */
  readonly send: (method: string, path: string, options?: SendOptions) => Promise<Response>;
  /** Lines of the log. */
  readonly logged: { readonly message: string; readonly fields: object | undefined }[];
}

export interface SendOptions {
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
}

/** The REST interface over a fake node. */
export function testApp(
  config: HttpConfig = TEST_CONFIG,
  shutdown: AbortSignal = new AbortController().signal,
): TestApp {
  const node = new FakeNode();
  const logged: TestApp['logged'] = [];
  const logger: Logger = {
    enabled: (level) => level !== 'debug' && level !== 'trace',
    log: (_level, _family, message, fields) => logged.push({ message, fields }),
  };
  const app = createApp({ node, peers: echoPeers, config, logger, shutdown });
  const send = (method: string, path: string, options: SendOptions = {}): Promise<Response> =>
    Promise.resolve(app.handle(new Request(`http://n1${path}`, { method, ...options })));
  return { node, app, send, logged };
}
