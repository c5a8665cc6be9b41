import type { ErrorCode } from './errors.ts';

interface Limit {
  /** What is bounded. */
  readonly what: string;
  /** The setting that it is, by its key; null where it cannot be set. */
  readonly setting: string | null;
  /** Its value where it cannot be set. */
  readonly fixed: number | null;
  readonly unit: 'bytes' | 'ms' | 'count';
  /** Who keeps it. */
  readonly where: 'the node asked' | 'the leader' | 'every node';
  /** What is answered beyond it; null where nothing is refused. */
  readonly code: ErrorCode | null;
}

/**
 * THE LIMITS, all of them: what is refused for one names it as `limitName` where the code alone
 * does not tell. The metrics `abcd_limit` and `abcd_limit_refusals_total`, and the README's table,
 * come from here.
 */
export const LIMITS = {
  'key-bytes': edge('length of a key', 'keyBytes', 'bytes', 'key-too-long'),
  'value-bytes': edge('size of a value', 'valueBytes', 'bytes', 'value-too-large'),
  'request-bytes': edge('size of a request body', 'requestBytes', 'bytes', 'body-too-large'),
  'url-bytes': {
    what: 'length of path and query',
    setting: null,
    fixed: 8192,
    unit: 'bytes',
    where: 'the node asked',
    code: 'uri-too-long',
  },
  'txn-operations': edge(
    'operations of a transaction, nested ones included',
    'txnOperations',
    'count',
    'too-many-operations',
  ),
  'page-items': edge('`limit` of a range, or of a list', 'pageItemsMax', 'count', 'bad-request'),
  'page-bytes': edge('size of a page; the rest comes on the next', 'pageBytes', 'bytes', null),
  'watcher-bytes': edge(
    'what waits for a slow reader of a watch, which then is canceled',
    'watcherBytes',
    'bytes',
    null,
  ),
  'lock-wait': edge('`wait` for a lock or an election', 'lockWait', 'ms', 'bad-request'),
  'pending-proposals': leader(
    'writes that wait to be committed',
    'pendingProposals',
    'count',
    'too-many-requests',
  ),
  'pending-bytes': leader('what they hold', 'pendingBytes', 'bytes', 'too-many-requests'),
  'pending-reads': edge(
    'linearizable reads that wait to be confirmed',
    'pendingReads',
    'count',
    'too-many-requests',
  ),
  leases: {
    what: 'leases there are',
    setting: null,
    fixed: 2_000_000,
    unit: 'count',
    where: 'every node',
    code: 'too-many-leases',
  },
  'remembered-requests': {
    what: 'idempotency keys of one word that are remembered',
    setting: null,
    fixed: 100_000,
    unit: 'count',
    where: 'every node',
    code: 'too-many-requests',
  },
  'quota-bytes': leader(
    'memory of keys, values and leases; 0 for no quota',
    'quotaBytes',
    'bytes',
    'quota-exceeded',
  ),
  'reserve-bytes': leader(
    'disk space held back, twice of which must be free',
    'reserveBytes',
    'bytes',
    'disk-full',
  ),
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;

/** The limit for which something was refused; null when it was for another reason. */
export function limitOf(refusal: {
  readonly code: string;
  readonly limitName?: unknown;
}): LimitName | null {
  const { code, limitName } = refusal;
  if (typeof limitName === 'string' && Object.hasOwn(LIMITS, limitName)) {
    return limitName as LimitName;
  }
  return BY_CODE.get(code) ?? null;
}

/** Codes that only one limit has. */
const BY_CODE: ReadonlyMap<string, LimitName> = new Map<ErrorCode, LimitName>([
  ['key-too-long', 'key-bytes'],
  ['value-too-large', 'value-bytes'],
  ['body-too-large', 'request-bytes'],
  ['uri-too-long', 'url-bytes'],
  ['too-many-operations', 'txn-operations'],
  ['too-many-leases', 'leases'],
  ['quota-exceeded', 'quota-bytes'],
  ['disk-full', 'reserve-bytes'],
]);

function edge(what: string, setting: string, unit: Limit['unit'], code: ErrorCode | null): Limit {
  return { what, setting, fixed: null, unit, where: 'the node asked', code };
}

function leader(what: string, setting: string, unit: Limit['unit'], code: ErrorCode): Limit {
  return { what, setting, fixed: null, unit, where: 'the leader', code };
}
