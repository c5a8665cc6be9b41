import type { DeleteAnswer } from '../../wire/kv.ts';
import { asksForLines } from '../request/accept.ts';
import { requireUnconditional } from '../request/etag.ts';
import { RANGE_NAMES, rangeOf } from '../request/key-range.ts';
import { NDJSON } from '../answer/media.ts';
import { keyOnlyOf, pairOf } from '../answer/pair.ts';
import type { Query } from '../request/query.ts';
import { pageSteps } from './range-page.ts';
import { pageQueryOf, streamQueryOf } from './range-query.ts';
import { pairStream } from './range-stream.ts';
import { revisionToRead, stateFor } from '../answer/read-state.ts';
import type { Exchange, Services } from '../services.ts';
import { resultOf } from '../answer/written.ts';

export const RANGE_DELETE_PARAMETERS = RANGE_NAMES;

/** A stream of which nothing is taken for so many seconds ends: its copy keeps memory occupied. */
const STALL_S = 120;

/** One request for a range, decoded. */
export interface RangeRequest extends Exchange {
  readonly query: Query;
}

/** Reads and deletes ranges of keys. */
export class RangeResource {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** A page, in JSON, or all of it, as a stream of lines. */
  async get(ask: RangeRequest): Promise<string | Response> {
    requireUnconditional(ask.request.headers);
    ask.set.headers['vary'] = 'Accept';
    return asksForLines(ask.request) ? this.#stream(ask) : this.#page(ask);
  }

  async delete({ query, request, set, server }: RangeRequest): Promise<DeleteAnswer> {
    const { node, contexts, config } = this.#services;
    requireUnconditional(request.headers);
    const { start, end } = rangeOf(query, config.limits.keyBytes);
    const context = contexts.write(request, server);
    const range = { key: start, end, open: end === null } as const;
    const proposal = { kind: 'delete', ...range, condition: null, prev: false } as const;
    const { deleted, revision } = resultOf(await node.propose(proposal, context), 'delete', set);
    return { deleted, revision };
  }

  async #page({ query, request, set, server }: RangeRequest): Promise<string> {
    const { node, contexts, config, slices } = this.#services;
    const { limits } = config;
    const asked = pageQueryOf(query, limits, node.clusterId);
    const context = contexts.read(request, server);
    const store = await stateFor(node, query, context);
    // A page that follows is as of the revision of the first, which this node may not know yet.
    if (asked.cursor !== null && asked.revision > store.revision) await node.readBarrier(context);
    const revision = revisionToRead(store, asked.revision);
    set.headers['abcd-revision'] = String(store.revision);
    set.headers['content-type'] = 'application/json';
    const steps = pageSteps(store.pin(), asked, revision, limits.pageBytes);
    return await slices.run(steps, context);
  }

  async #stream({ query, request, set, server }: RangeRequest): Promise<Response> {
    const { node, contexts, config, slices, logger } = this.#services;
    const asked = streamQueryOf(query, config.limits);
    const { range, options, limit } = asked;
    const context = contexts.read(request, server);
    const store = await stateFor(node, query, context);
    const revision = revisionToRead(store, asked.revision);
    set.headers['abcd-revision'] = String(store.revision);
    server?.timeout(request, STALL_S);
    const stream = pairStream({
      pairs: store.pin().ordered(range, revision, options, null, limit),
      encode: asked.keysOnly ? keyOnlyOf : pairOf,
      limit,
      slices,
      logger,
    });
    return new Response(stream, { headers: { 'content-type': NDJSON } });
  }
}
