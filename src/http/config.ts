import { isLoopback, isWildcard, originOf } from '../lib/peer-url.ts';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../wire/kv.ts';

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
  /** Items on one page of a range: when the request does not say, and at most. */
  readonly pageItems: number;
  readonly pageItemsMax: number;
  /** Keys and values on one page of a range. */
  readonly pageBytes: number;
  /** Operations of one transaction, nested ones included; the state machine takes 128. */
  readonly txnOperations: number;
  /** What may wait for one reader of a watch. */
  readonly watcherBytes: number;
  /** The longest wait for a lock or an election that a request may ask for, in ms. */
  readonly lockWaitMs: number;
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
  pageItems: PAGE_LIMIT_DEFAULT,
  pageItemsMax: PAGE_LIMIT_MAX,
  pageBytes: 4 * MIB,
  txnOperations: 128,
  watcherBytes: MIB,
  lockWaitMs: 3_600_000,
  listenerBytes: MIB,
  drainBytes: 8 * MIB,
  drainMs: 1000,
};

/** The limits that a user may set beside those of keys, values and requests. */
const SETTABLE = [
  'pageItems',
  'pageItemsMax',
  'pageBytes',
  'txnOperations',
  'watcherBytes',
  'lockWaitMs',
] as const;

/** The part of a node's configuration that the REST interface needs. */
export interface HttpSettings extends Partial<Pick<HttpLimits, (typeof SETTABLE)[number]>> {
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
  // A byte takes at most six characters of JSON (`\u0001`), and a message has one entry at least:
  // a put, or a transaction as large as its request. What peers refuse they refuse for ever.
  const largestEntry = 6 * Math.max(valueBytes + keyBytes, requestBytes) + MIB;
  return {
    hostNames: hostNamesOf(settings),
    version,
    limits: {
      ...DEFAULT_HTTP_LIMITS,
      ...settableOf(settings),
      keyBytes,
      valueBytes,
      requestBytes,
      peerRequestBytes: Math.max(DEFAULT_HTTP_LIMITS.peerRequestBytes, largestEntry),
    },
    heartbeatMs: 15_000,
  };
}

function settableOf(settings: HttpSettings): Partial<HttpLimits> {
  const given = SETTABLE.map((name) => [name, settings[name] ?? DEFAULT_HTTP_LIMITS[name]]);
  return Object.fromEntries(given) as Partial<HttpLimits>;
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
