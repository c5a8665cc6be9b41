import type { RevisionFault } from '../../kv/range-query.ts';
import type { NodeApi, RequestContext, StoreView } from '../../node/api.ts';
import { ApiError } from '../../wire/errors.ts';
import type { Query } from '../request/query.ts';
import { failureOf } from './written.ts';

export const CONSISTENCIES = ['linearizable', 'serializable'] as const;

/**
 * Waits until this node knows all that the read must see. After it nothing may wait, so that the
 * answer is of one moment; what takes longer reads from a pinned copy.
 *
 * @throws ApiError `bad-request` for another consistency, and what a read barrier throws
 */
export async function stateFor(
  node: NodeApi,
  query: Query,
  context: RequestContext,
): Promise<StoreView> {
  if (query.choice('consistency', CONSISTENCIES) === 'linearizable') {
    await node.readBarrier(context);
  }
  return node.store;
}

/**
 * The revision that a read is of; 0 asks for the newest. Of a linearizable read, what is beyond the
 * newest here is so everywhere; of a serializable one, only here.
 *
 * @throws ApiError `compacted`, `future-revision`
 */
export function revisionToRead(
  store: Pick<StoreView, 'revision' | 'faultOf'>,
  asked: number,
): number {
  if (asked === 0) return store.revision;
  const fault = store.faultOf(asked);
  if (fault === null) return asked;
  throw revisionError(store.revision, fault);
}

function revisionError(revision: number, fault: RevisionFault): ApiError {
  if (fault.type === 'compacted') return failureOf({ ...fault, revision });
  return new ApiError('future-revision', `This node knows revisions up to ${revision}`, {
    revision,
  });
}
