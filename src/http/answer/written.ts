import type { AppliedResult, FailedResult, KvResult } from '../../kv/command.ts';
import { unreachable } from '../../lib/assert.ts';
import { ApiError } from '../../wire/errors.ts';
import { noSuchLease } from '../../wire/usual-errors.ts';
import type { Problem } from '../../wire/problem.ts';
import { replyProblem } from '../problem.ts';
import type { Reply } from '../services.ts';

/**
 * What a write did.
 *
 * @throws ApiError when the state machine refused it: it is told so the same on every node
 */
export function appliedOf(result: KvResult): AppliedResult {
  switch (result.type) {
    case 'put':
    case 'delete':
    case 'condition-failed':
    case 'txn':
    case 'compact':
    case 'lease-granted':
    case 'lease-kept':
    case 'lease-revoked':
    case 'lease-expired':
    case 'lease-checkpointed':
    case 'key-not-found':
    case 'lease-not-found':
    case 'lease-exists':
    case 'too-many-leases':
    case 'lease-alive':
    case 'compacted':
    case 'future-revision':
    case 'answer-too-large':
    case 'remembered':
      return result;
    case 'request-mismatch':
      throw new ApiError(
        'idempotency-key-reused',
        'The idempotency key was used for a request with another method, path or body',
      );
    case 'request-expired':
      throw new ApiError(
        'idempotency-key-expired',
        'The number in the idempotency key is older than all that are remembered of its client',
      );
    case 'too-many-requests':
      throw new ApiError('too-many-requests', 'As many idempotency keys are remembered as may be', {
        limitName: 'remembered-requests',
      });
    case 'invalid-command':
      throw new ApiError('bad-request', result.reason);
    default:
      return unreachable(result);
  }
}

/** The results of a type; some types share one form. */
type ResultOf<Type, Result = AppliedResult> = Result extends { readonly type: infer Types }
  ? Type extends Types
    ? Result & { readonly type: Type }
    : never
  : never;

/**
 * What a write did, if it is what it was to do; `Abcd-Revision` becomes that of the answer.
 *
 * @throws ApiError when it was refused, or failed
 */
export function resultOf<Type extends AppliedResult['type']>(
  result: KvResult,
  type: Type,
  set: Reply,
): ResultOf<Type> {
  const applied = appliedOf(result);
  set.headers['abcd-revision'] = String(applied.revision);
  if (isOf(applied, type)) return applied;
  throw failureOf(applied);
}

/** The same failure as an answer, without the cost of an exception: it happens all the time. */
export function replyFailed(set: Reply, failed: FailedResult): Problem {
  set.headers['abcd-revision'] = String(failed.revision);
  return replyProblem(set, failureOf(failed));
}

function isOf<Type extends AppliedResult['type']>(
  result: AppliedResult,
  type: Type,
): result is ResultOf<Type> {
  return result.type === type;
}

/** Why a command changed nothing, as the client is told. */
export function failureOf(result: AppliedResult): ApiError {
  const { revision } = result;
  switch (result.type) {
    case 'condition-failed':
      return preconditionFailed(result);
    case 'key-not-found':
      return new ApiError('key-not-found', 'There is no key whose value or lease to keep', {
        revision,
      });
    case 'lease-not-found':
      return noSuchLease({ revision });
    case 'lease-exists':
      return new ApiError('lease-exists', 'There is a lease with this id already', { revision });
    case 'too-many-leases':
      return new ApiError('too-many-leases', 'There are as many leases as may be', { revision });
    case 'compacted': {
      const { compactRevision } = result;
      const detail = `What was before revision ${compactRevision} is forgotten`;
      return new ApiError('compacted', detail, { revision, compactRevision });
    }
    case 'future-revision':
      return new ApiError('future-revision', `The newest revision is ${revision}`, { revision });
    case 'answer-too-large':
      return new ApiError(
        'answer-too-large',
        'The transaction would answer more than 4 MiB: ask for less, by limit or keysOnly',
        { revision },
      );
    default:
      return unexpected(result.type);
  }
}

/** 412, with what the key is at now: 0 when it is absent. */
export function preconditionFailed({
  revision,
  modRevision,
}: {
  readonly revision: number;
  readonly modRevision: number;
}): ApiError {
  const detail =
    modRevision === 0 ? 'The key does not exist' : `The modRevision of the key is ${modRevision}`;
  return new ApiError('precondition-failed', detail, { revision, modRevision });
}

function unexpected(type: string): never {
  throw new Error(`a command gave a result of the type ${type}`);
}
