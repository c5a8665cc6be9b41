import type { ErrorCode } from '../wire/errors.ts';
import type { Problem } from '../wire/problem.ts';

/** What goes wrong on this side of the network. */
export type LocalErrorCode =
  /** No node could be reached, or none answered, in the time there was. */
  | 'unreachable'
  /** The caller's signal fired, or the client was closed. */
  | 'aborted'
  /** What answered is no node of abcd, or not one this client understands. */
  | 'bad-answer'
  /** A lease ended, or could not be confirmed in time. */
  | 'lease-ended'
  /** The key of a lock or of a leader was deleted. */
  | 'lock-lost'
  /** A text that has no UTF-8 form. */
  | 'bad-text'
  /** Bytes that were asked for as text. */
  | 'not-text';

/** A node's code, or this client's. Newer nodes may have codes that are not in this list. */
export type AbcdErrorCode = ErrorCode | LocalErrorCode | (string & {});

/**
 * What is known of the effect of a request that failed: "no" is a promise that it had none and
 * never will; "unknown" says that it may have had it, or still get it.
 */
export type Applied = 'no' | 'unknown';

export interface AbcdErrorOptions {
  readonly status?: number;
  readonly applied: Applied;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Every failure of a request. */
export class AbcdError extends Error {
  override readonly name = 'AbcdError';
  readonly code: AbcdErrorCode;
  /** The HTTP status; 0 when no node answered. */
  readonly status: number;
  readonly applied: Applied;
  /** What was wrong this time, in words. */
  readonly detail: string;
  /** What else the node said: `revision`, `modRevision`, `compactRevision` and the like. */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: AbcdErrorCode, detail: string, options: AbcdErrorOptions) {
    super(`${code}: ${detail}`, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.status = options.status ?? 0;
    this.applied = options.applied;
    this.fields = options.fields ?? {};
  }

  /** A field of the answer that is a number; null when there is none. */
  number(name: string): number | null {
    const value = this.fields[name];
    return typeof value === 'number' ? value : null;
  }
}

/** Whether an error is an AbcdError with one of these codes. */
export function isAbcdError(
  error: unknown,
  ...codes: readonly AbcdErrorCode[]
): error is AbcdError {
  return error instanceof AbcdError && (codes.length === 0 || codes.includes(error.code));
}

/** The error of a problem document (RFC 9457). */
export function errorOfProblem(problem: Problem, applied: Applied = problem.applied): AbcdError {
  const { code, detail, status } = problem;
  return new AbcdError(code, detail, { status, applied, fields: { ...problem } });
}

/** The error of a caller who does not want to wait any longer. */
export function abortedError(reason: unknown, applied: Applied): AbcdError {
  if (reason instanceof AbcdError) return reason;
  const why = reason instanceof Error ? reason.message : String(reason);
  return new AbcdError('aborted', `The request was given up: ${why}`, { applied, cause: reason });
}
