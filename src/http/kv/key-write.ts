import type { LeaseGrant, LeaseId } from '../../kv/command.ts';
import { bytesOfBuffer } from '../../lib/bytes.ts';
import { ApiError } from '../../wire/errors.ts';
import type { DeleteAnswer, PutAnswer } from '../../wire/kv.ts';
import type { Problem } from '../../wire/problem.ts';
import { readBody } from '../request/body.ts';
import { deleteConditionOf, etagOf, writeConditionOf } from '../request/etag.ts';
import type { KeyRequest } from './key-resource.ts';
import { requireLeaseId } from '../leases/lease-id.ts';
import { keyFieldsOf, pairOf } from '../answer/pair.ts';
import type { Query } from '../request/query.ts';
import type { Services } from '../services.ts';
import { leaseAndTtl, parseTtl, TTL_FORM } from '../leases/ttl.ts';
import { replyFailed, resultOf } from '../answer/written.ts';

export const PUT_PARAMETERS = ['prev', 'lease', 'ttl'];
export const DELETE_PARAMETERS = ['prev'];

/** Writes one key: the body is the value. */
export async function putKey(services: Services, ask: KeyRequest): Promise<PutAnswer | Problem> {
  const { node, contexts, config } = services;
  const { key, query, request, set, server } = ask;
  const condition = writeConditionOf(request.headers);
  const prev = query.flag('prev');
  const lease = leaseOf(query);
  const ttl = ttlOf(query);
  if (lease !== null && ttl !== null) throw leaseAndTtl();
  const body = await readBody(request, config.limits.requestBytes);
  const limit = config.limits.valueBytes;
  if (body.length > limit) {
    throw new ApiError('value-too-large', `The value has more than ${limit} bytes`, { limit });
  }
  // The time for the answer runs from here: a slow upload must not end as an unknown outcome.
  const context = contexts.write(request, server);
  // Any id will do: sent again under its name, the request gets the lease that was granted first.
  const grant = ttl === null ? null : { id: node.drawLeaseId(null), ttl };
  const fields = { key, value: bytesOfBuffer(body), condition, prev, ...attached(lease, grant) };
  const outcome = await node.propose({ kind: 'put', ...fields }, context);
  if (outcome.type === 'condition-failed') return replyFailed(set, outcome);
  const result = resultOf(outcome, 'put', set);
  const { revision, created, granted = lease } = result;
  set.headers['etag'] = etagOf(revision);
  set.status = created ? 201 : 200;
  return {
    ...keyFieldsOf(key),
    revision,
    created,
    ...(granted === null ? {} : { lease: granted }),
    ...(prev ? { prev: result.prev === null ? null : pairOf(result.prev) } : {}),
  };
}

/** Deletes one key, if it is there. */
export async function deleteKey(
  services: Services,
  ask: KeyRequest,
): Promise<DeleteAnswer | Problem> {
  const { node, contexts } = services;
  const { key, query, request, set, server } = ask;
  const context = contexts.write(request, server);
  const condition = deleteConditionOf(request.headers);
  const prev = query.flag('prev');
  const proposal = { kind: 'delete', key, end: null, open: false, condition, prev } as const;
  const outcome = await node.propose(proposal, context);
  if (outcome.type === 'condition-failed') return replyFailed(set, outcome);
  const result = resultOf(outcome, 'delete', set);
  const { deleted, revision } = result;
  if (!prev) return { deleted, revision };
  const [gone] = result.prev;
  return { deleted, revision, prev: gone === undefined ? null : pairOf(gone) };
}

function attached(
  lease: LeaseId | null,
  grant: LeaseGrant | null,
): { lease?: LeaseId; grant?: LeaseGrant } {
  if (grant !== null) return { lease: grant.id, grant };
  return lease === null ? {} : { lease };
}

/** @throws ApiError `bad-request` */
function leaseOf(query: Query): LeaseId | null {
  const text = query.bytes('lease');
  return text === null ? null : requireLeaseId(text);
}

/** Seconds. @throws ApiError `bad-request` */
function ttlOf(query: Query): number | null {
  const text = query.bytes('ttl');
  if (text === null) return null;
  const ttl = parseTtl(text);
  if (ttl === null) throw new ApiError('bad-request', `ttl must be ${TTL_FORM}`);
  return ttl;
}
