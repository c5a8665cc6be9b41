import type { KeyValue } from '../../kv/command.ts';
import { bufferOfBytes, type ByteString } from '../../lib/bytes.ts';
import type { Pair } from '../../wire/kv.ts';
import type { Problem } from '../../wire/problem.ts';
import { asksFor } from '../request/accept.ts';
import { etagOf, readVerdictOf } from '../request/etag.ts';
import { answerUnchanged, changesInTime, LONG_POLL_PARAMETERS, longPollOf } from './long-poll.ts';
import { OCTETS } from '../answer/media.ts';
import { pairOf } from '../answer/pair.ts';
import { problem, replyProblem } from '../problem.ts';
import type { Query } from '../request/query.ts';
import { revisionToRead, stateFor } from '../answer/read-state.ts';
import type { Exchange, Reply, Services } from '../services.ts';
import { preconditionFailed } from '../answer/written.ts';

export const GET_PARAMETERS = ['raw', 'consistency', 'revision', ...LONG_POLL_PARAMETERS];

/** A pair or its value, an error, or nothing with a 304. */
type GetAnswer = Pair | Problem | Uint8Array | null;

/** One request for one key, decoded. */
export interface KeyRequest extends Exchange {
  readonly key: ByteString;
  readonly query: Query;
}

/** Reads single keys, however the request named them; key-write.ts writes them. */
export class KeyResource {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  async get({ key, query, request, set, server }: KeyRequest): Promise<GetAnswer> {
    const { node, contexts } = this.#services;
    const context = contexts.read(request, server);
    const raw = wantsBytes(query, request.headers);
    const asked = query.revision();
    const poll = longPollOf(query);
    const store = await stateFor(node, query, context);
    if (poll !== null) {
      const ask = { key, query, request, server };
      const isChanged = await changesInTime(this.#services, ask, poll);
      if (!isChanged) return answerUnchanged(store, key, set);
    }
    const { revision } = store;
    set.headers['abcd-revision'] = String(revision);
    const pair = asked === 0 ? store.get(key) : store.getAt(key, revisionToRead(store, asked));
    const absent = asked === 0 ? 'There is no such key' : `There is no such key as of ${asked}`;
    return pair === undefined
      ? problem(set, 'key-not-found', absent, { revision })
      : answerPair(pair, raw, request.headers, set, revision);
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
  if (verdict === 'precondition-failed') {
    return replyProblem(set, preconditionFailed({ revision, modRevision }));
  }
  set.headers['etag'] = etagOf(modRevision);
  set.headers['vary'] = 'Accept';
  if (verdict === 'serve') return raw ? rawOf(pair, set) : pairOf(pair);
  set.status = 304;
  return null;
}

function wantsBytes(query: Query, headers: Headers): boolean {
  return query.flag('raw') || asksFor(OCTETS, headers.get('accept'));
}

/** The value alone. A browser is told to save it, not to show it as a page of this node. */
function rawOf(pair: KeyValue, set: Reply): Uint8Array {
  set.headers['content-type'] = OCTETS;
  set.headers['content-disposition'] = 'attachment';
  return bufferOfBytes(pair.value);
}
