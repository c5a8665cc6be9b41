import type { KeyValue } from '../kv/command.ts';
import { assert } from '../lib/assert.ts';
import { bufferOfBytes, type ByteString, bytesOfBuffer } from '../lib/bytes.ts';
import { ApiError } from '../wire/errors.ts';
import type { DeleteAnswer, Pair, PutAnswer } from '../wire/kv.ts';
import type { Problem } from '../wire/problem.ts';
import { readBody } from './body.ts';
import type { IdleTimer } from './context.ts';
import { deleteConditionOf, etagOf, readVerdictOf, writeConditionOf } from './etag.ts';
import { keyFieldsOf, pairOf } from './pair.ts';
import { problem } from './problem.ts';
import type { Query } from './query.ts';
import type { Reply, Services } from './services.ts';
import { appliedOf } from './written.ts';

export const GET_PARAMETERS = ['raw', 'consistency', 'revision'];
export const PUT_PARAMETERS = ['prev'];
export const DELETE_PARAMETERS = ['prev'];
export const CONSISTENCIES = ['linearizable', 'serializable'] as const;

/** A pair or its value, an error, or nothing with a 304. */
type GetAnswer = Pair | Problem | Uint8Array | null;

/** One request for one key, decoded. */
export interface KeyRequest {
  readonly key: ByteString;
  readonly query: Query;
  readonly request: Request;
  readonly set: Reply;
  readonly server: IdleTimer | null;
}

/** Reads and writes single keys, however the request named them. */
export class KeyResource {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  async put({ key, query, request, set, server }: KeyRequest): Promise<PutAnswer | Problem> {
    const { node, contexts, config } = this.#services;
    const condition = writeConditionOf(request.headers);
    const prev = query.flag('prev');
    const body = await readBody(request, config.limits.requestBytes);
    const limit = config.limits.valueBytes;
    if (body.length > limit) {
      throw new ApiError('value-too-large', `The value has more than ${limit} bytes`, { limit });
    }
    // The time for the answer runs from here: a slow upload must not end as an unknown outcome.
    const context = contexts.write(request, server);
    const value = bytesOfBuffer(body);
    const proposal = { kind: 'put', key, value, condition, prev } as const;
    const result = appliedOf(await node.propose(proposal, context));
    set.headers['abcd-revision'] = String(result.revision);
    if (result.type === 'condition-failed') return conditionFailed(set, result);
    assert(result.type === 'put', `a put gave a result of the type ${result.type}`);
    set.headers['etag'] = etagOf(result.revision);
    set.status = result.created ? 201 : 200;
    const { revision, created } = result;
    const answer = { ...keyFieldsOf(key), revision, created };
    return prev ? { ...answer, prev: result.prev === null ? null : pairOf(result.prev) } : answer;
  }

  async get({ key, query, request, set, server }: KeyRequest): Promise<GetAnswer> {
    const { node, contexts } = this.#services;
    const context = contexts.read(request, server);
    const raw = wantsBytes(query, request.headers);
    if (query.choice('consistency', CONSISTENCIES) === 'linearizable') {
      await node.readBarrier(context);
    }
    // From here on nothing may wait: the answer is of one moment.
    const { revision } = node.store;
    query.requireCurrentRevision(revision);
    set.headers['abcd-revision'] = String(revision);
    const pair = node.store.get(key);
    return pair === undefined
      ? problem(set, 'key-not-found', 'There is no such key', { revision })
      : answerPair(pair, raw, request.headers, set, revision);
  }

  async delete({ key, query, request, set, server }: KeyRequest): Promise<DeleteAnswer | Problem> {
    const { node, contexts } = this.#services;
    const context = contexts.write(request, server);
    const condition = deleteConditionOf(request.headers);
    const prev = query.flag('prev');
    const proposal = { kind: 'delete', key, end: null, open: false, condition, prev } as const;
    const result = appliedOf(await node.propose(proposal, context));
    set.headers['abcd-revision'] = String(result.revision);
    if (result.type === 'condition-failed') return conditionFailed(set, result);
    assert(result.type === 'delete', `a deletion gave a result of the type ${result.type}`);
    const { deleted, revision } = result;
    if (!prev) return { deleted, revision };
    const [gone] = result.prev;
    return { deleted, revision, prev: gone === undefined ? null : pairOf(gone) };
  }
}

function answerPair(
  pair: KeyValue,
  raw: boolean,
  headers: Headers,
  set: Reply,
  revision: number,
): GetAnswer {
  const { modRevision } = pair;
  const verdict = readVerdictOf(headers, modRevision);
  if (verdict === 'precondition-failed') return conditionFailed(set, { revision, modRevision });
  set.headers['etag'] = etagOf(modRevision);
  set.headers['vary'] = 'Accept';
  if (verdict === 'serve') return raw ? rawOf(pair, set) : pairOf(pair);
  set.status = 304;
  return null;
}

/** 412, with what the key is at now: 0 when it is absent. */
function conditionFailed(
  set: Reply,
  { revision, modRevision }: { readonly revision: number; readonly modRevision: number },
): Problem {
  const detail =
    modRevision === 0 ? 'The key does not exist' : `The modRevision of the key is ${modRevision}`;
  return problem(set, 'precondition-failed', detail, { revision, modRevision });
}

function wantsBytes(query: Query, headers: Headers): boolean {
  if (query.flag('raw')) return true;
  const accept = headers.get('accept');
  return accept !== null && /(^|,)\s*application\/octet-stream\s*(,|$)/i.test(accept);
}

/** The value alone. A browser is told to save it, not to show it as a page of this node. */
function rawOf(pair: KeyValue, set: Reply): Uint8Array {
  set.headers['content-type'] = 'application/octet-stream';
  set.headers['content-disposition'] = 'attachment';
  return bufferOfBytes(pair.value);
}
