import { Elysia } from 'elysia';
import { parseCount } from '../../lib/quantities.ts';
import { ApiError } from '../../wire/errors.ts';
import { beginEndless } from './endless.ts';
import { NODE_EVENTS } from './event-format.ts';
import { EVENT_STREAM } from '../answer/media.ts';
import { Query } from '../request/query.ts';
import type { Services } from '../services.ts';
import { TextStream } from './text-stream.ts';

/** `/events`: what this node does, as server-sent events. */
export function eventRoutes({ node, config, shutdown }: Services): Elysia {
  const app = new Elysia();
  app.get('/events', ({ request, set, server }) => {
    const query = Query.of(request.url, ['level', 'since']);
    const level = query.choice('level', ['state', 'message']);
    const since = sinceOf(query, request.headers);
    const hurry = beginEndless({ request, set, server });
    const { stream } = new TextStream({
      format: NODE_EVENTS,
      budgetBytes: config.limits.listenerBytes,
      heartbeatMs: config.heartbeatMs,
      shutdown,
      hurry,
      subscribe: (listener) => node.subscribe(level, since, listener),
    });
    return new Response(stream, { headers: { 'content-type': EVENT_STREAM } });
  });
  return app;
}

/** The id to go on after. A browser that connects again says it in a header, which is newer. */
function sinceOf(query: Query, headers: Headers): number | null {
  const last = headers.get('last-event-id');
  const since = query.integer('since', 0, Number.MAX_SAFE_INTEGER);
  if (last === null) return since;
  const id = parseCount(last);
  if (id !== null) return id;
  throw new ApiError('bad-request', 'Last-Event-ID must be the id of an event');
}
