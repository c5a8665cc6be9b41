import type { Elysia } from 'elysia';
import type { Logger } from '../lib/logger.ts';
import { problemFields, PROBLEM_TYPE } from '../wire/problem.ts';
import { type SocketSpeaker, WEB_SOCKETS } from './watch/web-socket.ts';

/** Seconds that nothing may move on a connection; streams and long timeouts set their own. */
export const IDLE_TIMEOUT_S = 10;

export interface ListenOptions {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  readonly logger: Logger;
}

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  /**
   * Takes no new connections, lets running requests finish for at most this long, then closes every
   * connection. Streams must have been told to end before.
   */
  stop(graceMs: number): Promise<void>;
}

/** Serves the application. @throws when the address is taken or not of this machine */
export function listen(app: Elysia, { host, port, logger }: ListenOptions): HttpServer {
  const server = Bun.serve<SocketSpeaker>({
    hostname: host,
    port,
    // Two nodes on one port would each get some of the requests.
    reusePort: false,
    development: false,
    idleTimeout: IDLE_TIMEOUT_S,
    // Bodies are counted where they are read, so that the refusal can say what is wrong.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request) => app.fetch(request),
    websocket: WEB_SOCKETS,
    error: (error) => {
      logger.log('error', 'node', 'request failed outside of the routes', { error: String(error) });
      return unforeseen();
    },
  });
  // Routes ask the application for the server when they change how long a connection may idle.
  app.server = server;
  return {
    port: Number(server.port),
    url: server.url.origin,
    stop: (graceMs) => stop(server, graceMs),
  };
}

function unforeseen(): Response {
  const document = problemFields('internal', 'The request failed for a reason that is in the log');
  return new Response(JSON.stringify(document), {
    status: document.status,
    headers: { 'content-type': PROBLEM_TYPE },
  });
}

async function stop(server: Bun.Server<SocketSpeaker>, graceMs: number): Promise<void> {
  const timer = setTimeout(() => void server.stop(true), graceMs);
  await server.stop();
  clearTimeout(timer);
}
