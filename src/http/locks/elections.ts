import { Elysia } from 'elysia';
import type { LeaseId, TxnOp } from '../../kv/command.ts';
import type { ByteString } from '../../lib/bytes.ts';
import { systemClock } from '../../node/clock.ts';
import { amendLeadership, type Amended } from '../../node/locks/leadership.ts';
import { contendersOf } from '../../node/locks/contender.ts';
import { LockQueue } from '../../node/locks/lock-queue.ts';
import type { ElectionAnswer, ProclaimAnswer } from '../../wire/elections.ts';
import { ApiError } from '../../wire/errors.ts';
import { clientGone } from '../../wire/usual-errors.ts';
import type { HeldAnswer, ReleaseAnswer } from '../../wire/locks.ts';
import type { Problem } from '../../wire/problem.ts';
import { acquire } from './acquire.ts';
import { asksForLines } from '../request/accept.ts';
import { beginEndless } from '../streams/endless.ts';
import { readJson } from '../request/json-body.ts';
import { bytesOf, type Field, type JsonObject, objectOf } from '../request/json-fields.ts';
import { restOfPath } from '../request/key.ts';
import { leaseIdOf } from '../leases/lease-id.ts';
import { LEADER_EVENTS, LEADER_LINES } from './leader-format.ts';
import { EVENT_STREAM, NDJSON } from '../answer/media.ts';
import { once } from '../request/once.ts';
import { pageLimitOf } from '../answer/page-items.ts';
import { Query } from '../request/query.ts';
import { candidateOf, heldAnswerOf, leaderOf, nameFieldsOf, queuePage } from './queue-answer.ts';
import { nameOf, placeLeaseOf, QUEUE_FIELDS, waitOf } from './queue-request.ts';
import type { Exchange, Services } from '../services.ts';
import { TextStream } from '../streams/text-stream.ts';

/**
 * `/elections/{name}` and what is done there, which is the last part of the path: the name may have
 * slashes. One that ends like something that is done has its last slash written as `%2F`.
 */
export function electionRoutes(services: Services): Elysia {
  const app = new Elysia();
  const elections = new ElectionResource(services);
  app.get('/elections/*', async ({ request, set, server }) =>
    elections.get({ request, set, server }),
  );
  app.post(
    '/elections/*',
    async ({ request, set, server }) => elections.post({ request, set, server }),
    { parse: 'none' },
  );
  return app;
}

/**
 * The name of a request is for its answer. The command in between has one of its own, which no user
 * can give, so that it too is carried out once, and an attempt whose answer was lost is found.
 */
const INNER = ':change';

const ACTS = ['campaign', 'proclaim', 'resign'] as const;
type Act = (typeof ACTS)[number];

class ElectionResource {
  readonly #services: Services;
  readonly #queue: LockQueue;

  constructor(services: Services) {
    this.#services = services;
    this.#queue = new LockQueue(services.node, systemClock);
  }

  async get(asked: Exchange): Promise<ElectionAnswer | Response> {
    const { name, end } = this.#targetOf(asked.request.url);
    if (end === 'observe') return await this.#observe(asked, name);
    if (end !== null) throw notAllowed('POST');
    return await this.#read(asked, name);
  }

  async post(asked: Exchange): Promise<object> {
    const { request } = asked;
    const { limits } = this.#services.config;
    const { name, end } = this.#targetOf(request.url);
    if (end === null || end === 'observe') throw notAllowed('GET');
    Query.of(request.url, []);
    const body = await readJson(request, limits.requestBytes);
    const content = { method: 'POST', election: name, act: end, body };
    const fields = objectOf({ path: '', value: body }, FIELDS[end]);
    switch (end) {
      case 'campaign':
        return await this.#campaign(asked, name, fields, content);
      case 'proclaim':
        return await this.#proclaim(asked, name, fields, content);
      case 'resign':
        return await this.#resign(asked, name, fields, content);
    }
  }

  async #campaign(
    asked: Exchange,
    name: ByteString,
    fields: JsonObject,
    content: unknown,
  ): Promise<HeldAnswer | Problem> {
    const value = this.#valueOf(fields.require('value'));
    const lease = placeLeaseOf(fields);
    const waitMs = waitOf(fields, this.#services.config.limits.lockWaitMs);
    const ask = { name, value, lease, waitMs, content, hasOwners: false };
    return await acquire(this.#services, this.#queue, { ...ask, ...asked });
  }

  async #proclaim(
    asked: Exchange,
    name: ByteString,
    fields: JsonObject,
    content: unknown,
  ): Promise<ProclaimAnswer | Problem> {
    const lease = leaseIdOf(fields.require('lease'));
    const value = this.#valueOf(fields.require('value'));
    const say = (key: ByteString): TxnOp => {
      return { type: 'put', key, value, ignoreLease: true, prev: true };
    };
    return await this.#amend(
      asked,
      name,
      lease,
      say,
      content,
      ({ key, fencingToken, revision }) => ({
        ...heldAnswerOf(name, key, lease, fencingToken),
        revision,
      }),
    );
  }

  async #resign(
    asked: Exchange,
    name: ByteString,
    fields: JsonObject,
    content: unknown,
  ): Promise<ReleaseAnswer | Problem> {
    const lease = leaseIdOf(fields.require('lease'));
    const leave = (key: ByteString): TxnOp => ({ type: 'delete', key, prev: true });
    return await this.#amend(asked, name, lease, leave, content, ({ revision }) => ({
      deleted: 1,
      revision,
    }));
  }

  async #amend<Answer extends object>(
    { request, set, server }: Exchange,
    name: ByteString,
    lease: LeaseId,
    change: (key: ByteString) => TxnOp,
    content: unknown,
    answer: (amended: Amended) => Answer,
  ): Promise<Answer | Problem> {
    const { node, contexts } = this.#services;
    const context = contexts.write(request, server);
    return await once(this.#services, { context, set, content }, async () => {
      const { requestId } = context;
      const own = { ...context, requestId: requestId === null ? null : `${requestId}${INNER}` };
      const amended = await amendLeadership(node, { name, lease, change }, own);
      set.headers['abcd-revision'] = String(amended.revision);
      return answer(amended);
    });
  }

  async #read({ request, set, server }: Exchange, name: ByteString): Promise<ElectionAnswer> {
    const { node, contexts, config } = this.#services;
    const query = Query.of(request.url, ['limit']);
    const limit = pageLimitOf(query, config.limits);
    await node.readBarrier(contexts.read(request, server));
    const { revision } = node.store;
    set.headers['abcd-revision'] = String(revision);
    const [leader, ...waiting] = contendersOf(node.store, name);
    return {
      ...nameFieldsOf(name),
      leader: leader === undefined ? null : leaderOf(leader),
      queue: queuePage(waiting, limit, config.limits).map(candidateOf),
      waiting: waiting.length,
      revision,
    };
  }

  async #observe({ request, set, server }: Exchange, name: ByteString): Promise<Response> {
    const { node, contexts, config, shutdown } = this.#services;
    Query.of(request.url, []);
    await node.readBarrier(contexts.read(request, server));
    if (request.signal.aborted) throw clientGone();
    set.headers['abcd-revision'] = String(node.store.revision);
    set.headers['vary'] = 'Accept';
    const hurry = beginEndless({ request, set, server });
    const isLines = asksForLines(request);
    const { stream } = new TextStream({
      format: isLines ? LEADER_LINES : LEADER_EVENTS,
      budgetBytes: config.limits.watcherBytes,
      heartbeatMs: config.heartbeatMs,
      shutdown,
      hurry,
      subscribe: (tell) => {
        const feed = this.#queue.observe(name);
        feed.start(tell);
        return () => feed.close();
      },
    });
    return new Response(stream, { headers: { 'content-type': isLines ? NDJSON : EVENT_STREAM } });
  }

  /** The election that a path is about, and what is done there; null for the election itself. */
  #targetOf(url: string): { readonly name: ByteString; readonly end: Act | 'observe' | null } {
    const { keyBytes } = this.#services.config.limits;
    const rest = restOfPath(url, '/elections/');
    const slash = rest.lastIndexOf('/');
    const last = rest.slice(slash + 1);
    const end = [...ACTS, 'observe' as const].find((act) => act === last) ?? null;
    if (slash === -1 || end === null) return { name: nameOf(rest, keyBytes), end: null };
    return { name: nameOf(rest.slice(0, slash), keyBytes), end };
  }

  #valueOf(field: Field): ByteString {
    const { valueBytes: limit } = this.#services.config.limits;
    const value = bytesOf(field);
    if (value.length <= limit) return value;
    throw new ApiError('value-too-large', `The value has more than ${limit} bytes`, { limit });
  }
}

const FIELDS: Readonly<Record<Act, readonly string[]>> = {
  campaign: ['value', ...QUEUE_FIELDS],
  proclaim: ['lease', 'value'],
  resign: ['lease'],
};

function notAllowed(...allow: readonly string[]): ApiError {
  return new ApiError('method-not-allowed', `The methods here are ${allow.join(', ')}`, { allow });
}
