import { type ClientClock, systemClock } from './clock.ts';
import { AbcdError } from './errors.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** How a client reaches its cluster. */
export interface ClientOptions {
  /** Base URLs of nodes, such as `http://10.0.0.1:8080`; a prefix of a path may follow. */
  readonly endpoints: string | readonly string[];
  /** How long a request may take in all, with every repetition; ms. 15 s when not given. */
  readonly timeoutMs?: number;
  /** How long one node may take for it before another is asked; ms. 2.5 s when not given. */
  readonly attemptTimeoutMs?: number;
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What sends requests: for TLS settings, proxies and tests. */
  readonly fetch?: Fetch;
  /** For tests. */
  readonly clock?: ClientClock;
  /**
   * Names this client in the names of its writes; 1 to 48 of `A-Za-z0-9_-`. No two clients may
   * ever have the same, so it is drawn at random unless given.
   */
  readonly clientId?: string;
}

/** What every request may say for itself. */
export interface CallOptions {
  /** How long it may take in all, ms. */
  readonly timeoutMs?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/** Options with all defaults. */
export interface Settings {
  readonly endpoints: readonly string[];
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: Fetch;
  readonly clock: ClientClock;
  readonly clientId: string;
}

/** @throws AbcdError `bad-request` for what cannot be used */
export function settingsOf(options: ClientOptions): Settings {
  const given = typeof options.endpoints === 'string' ? [options.endpoints] : options.endpoints;
  const endpoints = [...new Set(given.map(endpointOf))];
  if (endpoints.length === 0) throw refused('endpoints is empty: give the URL of a node');
  const clientId = options.clientId ?? randomId();
  if (!/^[A-Za-z0-9_-]{1,48}$/.test(clientId)) {
    throw refused('clientId must be 1 to 48 of A-Za-z0-9_-');
  }
  return {
    endpoints,
    timeoutMs: positive('timeoutMs', options.timeoutMs ?? 15_000),
    attemptTimeoutMs: positive('attemptTimeoutMs', options.attemptTimeoutMs ?? 2500),
    headers: options.headers ?? {},
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    clock: options.clock ?? systemClock,
    clientId,
  };
}

/** A base URL as requests begin with it. @throws AbcdError `bad-request` */
export function endpointOf(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused(`${text} is not the URL of a node, such as http://10.0.0.1:8080`);
  }
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  if (!isHttp || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw refused(`${text} is not the URL of a node, such as http://10.0.0.1:8080`);
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** A fraction from 0 up to 1. */
export function chance(): number {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return number / 2 ** 32;
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw refused(`${name} must be more than 0 ms`);
}

function refused(detail: string): AbcdError {
  return new AbcdError('bad-request', detail, { applied: 'no' });
}
