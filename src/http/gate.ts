import { ApiError } from '../wire/errors.ts';
import type { HttpConfig } from './config.ts';
import { PATH_SEARCH_START } from './request/key.ts';

/** A host with an optional port, as RFC 9112 section 3.2 allows it in a `Host` header. */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::[0-9]{1,5})?$/;
const HOSTS_REMEMBERED = 64;

/** What a request must pass before any route sees it. */
export class Gate {
  readonly #config: HttpConfig;
  /** Hosts that have passed, to look each up once only. */
  readonly #passed = new Set<string>();

  constructor(config: HttpConfig) {
    this.#config = config;
  }

  /** @throws ApiError `bad-request`, `wrong-host`, `uri-too-long`, `cross-origin` */
  check(request: Request): void {
    const { method, url, headers } = request;
    const host = headers.get('host');
    if (host !== null && !this.#passed.has(host)) this.#checkHost(host);
    const limit = this.#config.limits.urlBytes;
    if (url.length > limit && url.length - url.indexOf('/', PATH_SEARCH_START) > limit) {
      throw new ApiError('uri-too-long', `The URL has more than ${limit} bytes`, { limit });
    }
    const reads = method === 'GET' || method === 'HEAD';
    // Browsers let any page open a WebSocket, and read what comes.
    if (!reads || headers.has('upgrade')) checkSameOrigin(headers, host);
  }

  #checkHost(host: string): void {
    const name = HOST.exec(host)?.[1];
    if (name === undefined) throw new ApiError('bad-request', 'The Host header is malformed');
    const names = this.#config.hostNames;
    if (names !== null && !names.has(name.toLowerCase())) {
      throw new ApiError('wrong-host', 'This node does not answer to that host name');
    }
    if (this.#passed.size < HOSTS_REMEMBERED) this.#passed.add(host);
  }
}

/**
 * A web page may send some requests anywhere, without asking first. What changes something is only
 * taken from pages of this node. Programs send neither header.
 */
function checkSameOrigin(headers: Headers, host: string | null): void {
  const origin = headers.get('origin');
  if (origin === null) return;
  const site = headers.get('sec-fetch-site');
  const same = site === null ? URL.parse(origin)?.host === host : site === 'same-origin';
  if (same) return;
  const detail = 'A page of another site may neither change nor watch anything';
  throw new ApiError('cross-origin', detail);
}

/**
 * The request under an absolute URL. Bun gives the path alone when the `Host` header is missing, as
 * HTTP/1.0 allows, or no host; the latter is then found out by the gate.
 */
export function withAbsoluteUrl(request: Request): Request {
  return request.url.startsWith('/')
    ? new Request(`http://localhost${request.url}`, request)
    : request;
}
