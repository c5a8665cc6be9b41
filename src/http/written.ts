import type { AppliedResult, KvResult } from '../kv/command.ts';
import { unreachable } from '../lib/assert.ts';
import { ApiError } from '../wire/errors.ts';

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
      throw new ApiError('too-many-requests', 'As many idempotency keys are remembered as may be');
    case 'invalid-command':
      throw new ApiError('bad-request', result.reason);
    default:
      return unreachable(result);
  }
}
