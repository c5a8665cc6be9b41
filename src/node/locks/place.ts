/**
 * A PLACE IN THE QUEUE, taken and given up
 *
 * Each is one command of the log. A request may find its place taken already, by an earlier one
 * with the same lease: it was sent twice, or again after its connection broke. Then both are for
 * the same holder, and the newer one writes the key anew: the place stays where it is, but whoever
 * leaves takes away only what it has written itself. So a request that ends late takes nothing from
 * the one that has come after it, and perhaps holds the lock by now.
 */

import type { KvResult, LeaseId } from '../../kv/command.ts';
import type { ByteString } from '../../lib/bytes.ts';
import { ApiError } from '../../wire/errors.ts';
import { noSuchLease } from '../../wire/usual-errors.ts';
import type { NodeApi, RequestContext } from '../api.ts';
import { contenderKey } from './contender.ts';
import type { QueueView } from './queue-view.ts';

/** Who wants to be first. */
export interface Entrant {
  readonly name: ByteString;
  /** What the key is to say. */
  readonly value: ByteString;
  readonly lease: LeaseId;
  /** Seconds, of a lease that is to be granted; null for one that is there. */
  readonly ttl: number | null;
  /** Whether no other request can have the lease. */
  readonly isAlone: boolean;
}

export interface Place {
  readonly entrant: Entrant;
  readonly key: ByteString;
  /** The place in the order, and the fencing token. */
  readonly createRevision: number;
  /** Of what this request has written. */
  readonly modRevision: number;
  /** Whether this request created the key. */
  readonly isNew: boolean;
  /** Whether its lease needs no renewal: it is the client's, or was granted with the place. */
  readonly isFresh: boolean;
}

/** Takes a place. Done twice it has the effect of doing it once. @throws ApiError */
export async function takePlace(
  node: Pick<NodeApi, 'propose'>,
  entrant: Entrant,
  context: RequestContext,
): Promise<Place> {
  const { name, value, lease, ttl } = entrant;
  const key = contenderKey(name, lease);
  const fields = { kind: 'put', key, value, lease } as const;
  if (ttl !== null) {
    const condition = { type: 'absent' } as const;
    const grant = { id: lease, ttl };
    const result = await node.propose({ ...fields, grant, condition, prev: false }, context);
    if (result.type === 'put') {
      const { revision } = result;
      const revisions = { createRevision: revision, modRevision: revision };
      return { entrant, key, ...revisions, isNew: true, isFresh: true };
    }
    const isThere = result.type === 'condition-failed' || result.type === 'lease-exists';
    if (!isThere) throw errorOf(result);
  }
  const result = await node.propose({ ...fields, condition: null, prev: true }, context);
  if (result.type !== 'put') throw errorOf(result);
  const { revision: modRevision, prev } = result;
  const createRevision = prev?.createRevision ?? modRevision;
  return { entrant, key, createRevision, modRevision, isNew: prev === null, isFresh: ttl === null };
}

/**
 * Gives a place up, if it is still this request's. `holds`: it is the first, and an earlier request
 * may have been told so; then it stays.
 *
 * @throws ApiError when it may not have been given up; it may be tried again
 */
export async function leavePlace(
  node: Pick<NodeApi, 'propose' | 'readBarrier' | 'store'>,
  place: Place,
  view: QueueView,
  context: RequestContext,
): Promise<'left' | 'holds'> {
  const { entrant, key, modRevision, isNew } = place;
  if (entrant.isAlone) {
    const result = await node.propose({ kind: 'lease-revoke', id: entrant.lease }, context);
    const isOver = result.type === 'lease-revoked' || result.type === 'lease-not-found';
    if (!isOver) throw errorOf(result);
    return 'left';
  }
  if (!isNew) return await leaveSharedPlace(node, place, view, context);
  const condition = { type: 'mod-revision', revision: modRevision } as const;
  const range = { key, end: null, open: false } as const;
  const result = await node.propose({ kind: 'delete', ...range, condition, prev: false }, context);
  if (result.type !== 'delete' && result.type !== 'condition-failed') throw errorOf(result);
  return 'left';
}

/** The place goes only as long as somebody is before it: then nobody was told that it is first. */
async function leaveSharedPlace(
  node: Pick<NodeApi, 'propose' | 'readBarrier' | 'store'>,
  { key, modRevision }: Place,
  view: QueueView,
  context: RequestContext,
): Promise<'left' | 'holds'> {
  if (node.store.revision < modRevision) await node.readBarrier(context);
  for (;;) {
    if (view.get(key)?.pair.modRevision !== modRevision) return 'left';
    const previous = view.before(key)?.pair;
    if (previous === undefined) return 'holds';
    const result = await node.propose(
      {
        kind: 'txn',
        compare: [
          { key: previous.key, target: 'create', op: '=', value: previous.createRevision },
          { key, target: 'mod', op: '=', value: modRevision },
        ],
        success: [{ type: 'delete', key }],
        failure: [],
      },
      context,
    );
    if (result.type !== 'txn') throw errorOf(result);
    if (result.succeeded) return 'left';
    await node.readBarrier(context);
  }
}

/** Why a command of the queue was not carried out. */
export function errorOf(result: KvResult): ApiError {
  const { type, revision } = result;
  switch (type) {
    case 'lease-not-found':
      return noSuchLease({ revision });
    case 'too-many-leases':
      return new ApiError(type, 'There are as many leases as may be', { revision });
    case 'too-many-requests':
      return new ApiError(type, 'As many idempotency keys are remembered as may be', {
        limitName: 'remembered-requests',
      });
    case 'request-mismatch':
    case 'request-expired':
      // Only what is done on the way to an answer has a name here, and it is derived from another.
      return new ApiError('timeout', 'The request may have had its effect at an earlier attempt');
    case 'invalid-command':
      return new ApiError('bad-request', result.reason);
    default:
      return new ApiError('internal', `a command gave a result of the type ${type}`);
  }
}
