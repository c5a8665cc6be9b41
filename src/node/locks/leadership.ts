import type { KvResult, LeaseId, TxnOp } from '../../kv/command.ts';
import { pairsOf } from '../../kv/remembered.ts';
import { must } from '../../lib/assert.ts';
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

/** What is to be done by whoever leads. */
export interface Amendment {
  readonly name: ByteString;
  readonly lease: LeaseId;
  /** Writes the key, or deletes it; and returns the pair before. */
  readonly change: (key: ByteString) => TxnOp;
}

/**
 * Changes the key of whoever leads, if the lease leads still when it is done: that its key is the
 * first is asked before, and stays true of a key for as long as it is there.
 *
 * The change has the name that the context gives, or none. Under one name it is made once: whoever
 * asks again, not knowing that it was made, hears so, although the lease may not lead any more.
 *
 * @throws ApiError `not-leading`, `lease-not-found`, and what a barrier and a write throw
 */
export async function amendLeadership(
  node: Pick<NodeApi, 'propose' | 'readBarrier' | 'store'>,
  { name, lease, change }: Amendment,
  context: RequestContext,
): Promise<Amended> {
  await node.readBarrier(context);
  const key = contenderKey(name, lease);
  const first = context.requestId === null ? null : node.store.answerTo(context.requestId);
  if (first !== null) return amendedBy(first, key);
  const [leader] = contendersOf(node.store, name);
  if (leader?.pair.key !== key) {
    if (node.store.lease(lease) !== undefined) throw notLeading();
    throw noSuchLease();
  }
  const token = leader.pair.createRevision;
  const compare = [{ key, target: 'create', op: '=', value: token }] as const;
  const proposal = { kind: 'txn', compare, success: [change(key)], failure: [] } as const;
  return amendedBy(await node.propose(proposal, context), key);
}

/** The pair before has the token: of a change that was made long ago nothing else tells it. */
function amendedBy(result: KvResult, key: ByteString): Amended {
  if (result.type !== 'txn') throw errorOf(result);
  if (!result.succeeded) throw notLeading();
  const [changed] = result.results;
  const isKnown = changed?.type === 'put' || changed?.type === 'delete';
  const [before] = isKnown ? pairsOf(changed) : [];
  const { createRevision } = must(before, 'the pair that was changed');
  return { key, fencingToken: createRevision, revision: result.revision };
}

function notLeading(): ApiError {
  return new ApiError('not-leading', 'The lease does not lead the election');
}
