/**
 * THE ERROR TABLE
 *
 * Every answer that is not a success names one of these codes. `applied` says whether the request
 * may have had an effect: "no" is a promise.
 */
export const ERRORS = {
  'bad-request': { status: 400, title: 'The request is malformed', applied: 'no' },
  'bad-key': { status: 400, title: 'The key is malformed', applied: 'no' },
  'key-too-long': { status: 400, title: 'The key is too long', applied: 'no' },
  'bad-revision': { status: 400, title: 'Not a revision', applied: 'no' },
  'future-revision': { status: 400, title: 'The revision is beyond the newest', applied: 'no' },
  'too-many-operations': {
    status: 400,
    title: 'The transaction has too many operations',
    applied: 'no',
  },
  'too-many-keys': { status: 400, title: 'The transaction looks at too many keys', applied: 'no' },
  'answer-too-large': { status: 400, title: 'The answer would be too large', applied: 'no' },
  'duplicate-key': { status: 400, title: 'The transaction writes a key twice', applied: 'no' },
  'idempotency-key-invalid': { status: 400, title: 'Not an idempotency key', applied: 'no' },
  unauthorized: { status: 401, title: 'Credentials are missing', applied: 'no' },
  forbidden: { status: 403, title: 'The credentials are wrong', applied: 'no' },
  'cross-origin': { status: 403, title: 'The request comes from another site', applied: 'no' },
  'member-removed': {
    status: 403,
    title: 'The sender was removed from the cluster',
    applied: 'no',
  },
  'key-not-found': { status: 404, title: 'There is no such key', applied: 'no' },
  'lease-not-found': { status: 404, title: 'There is no such lease', applied: 'no' },
  'lock-not-held': { status: 404, title: 'The lease does not hold the lock', applied: 'no' },
  'member-not-found': { status: 404, title: 'There is no such member', applied: 'no' },
  'no-such-route': { status: 404, title: 'There is no such route', applied: 'no' },
  'method-not-allowed': { status: 405, title: 'The route has no such method', applied: 'no' },
  'request-timeout': { status: 408, title: 'The request came too slowly', applied: 'no' },
  conflict: { status: 409, title: 'The request conflicts with the present state', applied: 'no' },
  'lease-exists': { status: 409, title: 'There is a lease with this id already', applied: 'no' },
  locked: { status: 409, title: 'The lock is held, and the wait is over', applied: 'no' },
  'not-leading': { status: 409, title: 'The lease does not lead the election', applied: 'no' },
  'lease-lost': { status: 409, title: 'The lease ended during the wait', applied: 'no' },
  'membership-change-pending': {
    status: 409,
    title: 'Another membership change is under way',
    applied: 'no',
  },
  'would-lose-quorum': { status: 409, title: 'The change would cost the quorum', applied: 'no' },
  'not-caught-up': { status: 409, title: 'The learner has not caught up', applied: 'no' },
  compacted: { status: 410, title: 'The revision is forgotten', applied: 'no' },
  'precondition-failed': { status: 412, title: 'The precondition does not hold', applied: 'no' },
  'cluster-mismatch': { status: 412, title: 'The request is for another cluster', applied: 'no' },
  'member-mismatch': { status: 412, title: 'The request is for another member', applied: 'no' },
  'wire-version-mismatch': {
    status: 412,
    title: 'The members have no version of the peer protocol in common',
    applied: 'no',
  },
  'value-too-large': { status: 413, title: 'The value is too large', applied: 'no' },
  'body-too-large': { status: 413, title: 'The body is too large', applied: 'no' },
  'uri-too-long': { status: 414, title: 'The URL is too long', applied: 'no' },
  'unsupported-encoding': {
    status: 415,
    title: 'The content encoding is not taken',
    applied: 'no',
  },
  'unsupported-media-type': { status: 415, title: 'The content type is not taken', applied: 'no' },
  'wrong-host': {
    status: 421,
    title: 'This node does not answer to that host name',
    applied: 'no',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The idempotency key was used for another request',
    applied: 'no',
  },
  'idempotency-key-expired': {
    status: 422,
    title: 'The idempotency key is too old to know its first answer',
    applied: 'unknown',
  },
  'too-many-requests': { status: 429, title: 'Too many requests are waiting', applied: 'no' },
  'too-many-leases': { status: 429, title: 'There are as many leases as may be', applied: 'no' },
  'headers-too-large': { status: 431, title: 'The headers are too large', applied: 'no' },
  internal: { status: 500, title: 'An unexpected fault', applied: 'unknown' },
  'no-leader': { status: 503, title: 'No leader is known', applied: 'no' },
  'leader-changed': { status: 503, title: 'The leader changed before the write', applied: 'no' },
  'not-ready': { status: 503, title: 'The node is not ready', applied: 'no' },
  recovering: { status: 503, title: 'The node is recovering its log', applied: 'no' },
  'shutting-down': { status: 503, title: 'The node is shutting down', applied: 'no' },
  'node-stopped': { status: 503, title: 'The node has stopped on a fault', applied: 'unknown' },
  timeout: { status: 504, title: 'The outcome is not known in time', applied: 'unknown' },
  'read-timeout': { status: 504, title: 'The read could not be confirmed in time', applied: 'no' },
  'quota-exceeded': { status: 507, title: 'The store has reached its quota', applied: 'no' },
  'disk-full': { status: 507, title: 'The disk is nearly full', applied: 'no' },
} as const satisfies Record<string, ErrorEntry>;

interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  readonly applied: 'no' | 'unknown';
}

/** A stable name of what went wrong. */
export type ErrorCode = keyof typeof ERRORS;

/** An expected failure, on its way to the client. `fields` go into the problem document. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, detail: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.code = code;
    this.fields = fields;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Whether the request may have had an effect. */
  get applied(): 'no' | 'unknown' {
    return ERRORS[this.code].applied;
  }
}
