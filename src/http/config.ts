import { isLoopback, isWildcard, originOf } from '../lib/peer-url.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** What the REST interface goes by; read-only for the life of the server. */
export interface HttpConfig {
  /** Host names that requests may address, in lower case, without port; null takes any. */
  readonly hostNames: ReadonlySet<string> | null;
  /** The version of the program. */
  readonly version: string;
  readonly limits: HttpLimits;
  /** A comment goes out on an idle event stream this often, in ms. */
  readonly heartbeatMs: number;
}

/** Sizes in bytes. */
export interface HttpLimits {
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** The body of any request but those between peers. */
  readonly requestBytes: number;
  /** The body of a request between peers. */
  readonly peerRequestBytes: number;
  /** The path and query of a request. */
  readonly urlBytes: number;
  /** Keys and values on one page of a range. */
  readonly pageBytes: number;
  /** What may wait for one listener of `/events`. */
  readonly listenerBytes: number;
  /** How much of a body that is too large is read on, so that the client can see the answer. */
  readonly drainBytes: number;
  /** And for how long, in ms. */
  readonly drainMs: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  keyBytes: KIB,
  valueBytes: MIB,
  requestBytes: 1536 * KIB,
  peerRequestBytes: 16 * MIB,
  urlBytes: 8 * KIB,
  pageBytes: 4 * MIB,
  listenerBytes: MIB,
  drainBytes: 8 * MIB,
  drainMs: 1000,
};

/** The part of a node's configuration that the REST interface needs. */
export interface HttpSettings {
  readonly host: string;
  /** The advertised URL. */
  readonly url: string;
  readonly allowedHosts: readonly string[] | null;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly requestBytes: number;
}

/** The configuration of the REST interface that follows from the node's. */
export function httpConfigOf(settings: HttpSettings, version: string): HttpConfig {
  const { keyBytes, valueBytes, requestBytes } = settings;
  // A byte takes at most six characters of JSON (`\u0001`), and a message has one entry at least.
  const largestEntry = 6 * (valueBytes + keyBytes) + MIB;
  return {
    hostNames: hostNamesOf(settings),
    version,
    limits: {
      ...DEFAULT_HTTP_LIMITS,
      keyBytes,
      valueBytes,
      requestBytes,
      peerRequestBytes: Math.max(DEFAULT_HTTP_LIMITS.peerRequestBytes, largestEntry),
    },
    heartbeatMs: 15_000,
  };
}

/**
 * The names a request may address. A server that only this machine reaches must check them: a web
 * page can otherwise point a name of its own at 127.0.0.1 and read the answers (DNS rebinding).
 * Elsewhere names are checked when they are given.
 */
export function hostNamesOf(
  settings: Pick<HttpSettings, 'host' | 'url' | 'allowedHosts'>,
): ReadonlySet<string> | null {
  const { host, url, allowedHosts } = settings;
  if (allowedHosts === null && !isLoopback(host)) return null;
  if (allowedHosts?.includes('*') === true) return null;
  const names = ['localhost', '127.0.0.1', '[::1]', new URL(url).hostname];
  if (!isWildcard(host)) names.push(new URL(originOf(host, 80)).hostname);
  return new Set([...names, ...(allowedHosts ?? [])].map((name) => name.toLowerCase()));
}
