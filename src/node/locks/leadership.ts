import type { LeaseId, TxnOp } from '../../kv/command.ts';
import type { ByteString } from '../../lib/bytes.ts';
import { ApiError } from '../../wire/errors.ts';
import { noSuchLease } from '../../wire/usual-errors.ts';
import type { NodeApi, RequestContext } from '../api.ts';
import { contenderKey, contendersOf } from './contender.ts';
import { errorOf } from './place.ts';

/** What leading came to by the change. */
export interface Amended {
  readonly key: ByteString;
  readonly fencingToken: number;
  readonly revision: number;
}

/**
 * Changes the key of whoever leads, if the lease leads still when it is done: that its key is the
 * first is asked before, and stays true of a key for as long as it is there.
 *
 * @throws ApiError `not-leading`, `lease-not-found`, and what a barrier and a write throw
 */
export async function amendLeadership(
  node: Pick<NodeApi, 'propose' | 'readBarrier' | 'store'>,
  name: ByteString,
  lease: LeaseId,
  change: (key: ByteString) => TxnOp,
  context: RequestContext,
): Promise<Amended> {
  await node.readBarrier(context);
  const key = contenderKey(name, lease);
  const [leader] = contendersOf(node.store, name);
  if (leader?.pair.key !== key) {
    if (node.store.lease(lease) !== undefined) throw notLeading();
    throw noSuchLease();
  }
  const fencingToken = leader.pair.createRevision;
  const result = await node.propose(
    {
      kind: 'txn',
      compare: [{ key, target: 'create', op: '=', value: fencingToken }],
      success: [change(key)],
      failure: [],
    },
    context,
  );
  if (result.type !== 'txn') throw errorOf(result);
  if (!result.succeeded) throw notLeading();
  return { key, fencingToken, revision: result.revision };
}

function notLeading(): ApiError {
  return new ApiError('not-leading', 'The lease does not lead the election');
}
