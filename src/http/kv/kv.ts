import { Elysia } from 'elysia';
import { checkKey, keyOfUrl, requireKey } from '../request/key.ts';
import { GET_PARAMETERS, KeyResource } from './key-resource.ts';
import { DELETE_PARAMETERS, deleteKey, PUT_PARAMETERS, putKey } from './key-write.ts';
import { Query } from '../request/query.ts';
import { RANGE_GET_PARAMETERS } from './range-query.ts';
import { RANGE_DELETE_PARAMETERS, RangeResource } from './range-resource.ts';
import type { Services } from '../services.ts';

/** `/kv/{key}`; `/kv?key=` as its exact twin; and ranges at `/kv`. */
export function kvRoutes(services: Services): Elysia {
  const app = new Elysia();
  const keys = new KeyResource(services);
  addKeyRoutes(app, services, keys);
  addQueryRoutes(app, services, keys, new RangeResource(services));
  return app;
}

/**
 * The bodies of all of these are read as they come: no parser may touch them. The handlers are
 * `async` even where they only pass a promise on: of another handler, Elysia may not see that it
 * rejects.
 */
const RAW_BODY = { parse: 'none' } as const;

function addKeyRoutes(app: Elysia, services: Services, keys: KeyResource): void {
  const { keyBytes } = services.config.limits;
  for (const method of ['GET', 'HEAD']) {
    app.route(method, '/kv/*', async ({ request, set, server }) => {
      const key = keyOfUrl(request.url, keyBytes);
      const query = Query.of(request.url, GET_PARAMETERS);
      return keys.get({ key, query, request, set, server });
    });
  }
  app.put(
    '/kv/*',
    async ({ request, set, server }) => {
      const key = keyOfUrl(request.url, keyBytes);
      return putKey(services, {
        key,
        query: Query.of(request.url, PUT_PARAMETERS),
        request,
        set,
        server,
      });
    },
    RAW_BODY,
  );
  app.delete(
    '/kv/*',
    async ({ request, set, server }) => {
      const key = keyOfUrl(request.url, keyBytes);
      const query = Query.of(request.url, DELETE_PARAMETERS);
      return deleteKey(services, { key, query, request, set, server });
    },
    RAW_BODY,
  );
}

function addQueryRoutes(
  app: Elysia,
  services: Services,
  keys: KeyResource,
  ranges: RangeResource,
): void {
  const { keyBytes } = services.config.limits;
  app.get('/kv', async ({ request, set, server }) => {
    const query = keyOrRange(request.url, GET_PARAMETERS, RANGE_GET_PARAMETERS);
    const key = query.bytes('key');
    return key === null
      ? ranges.get({ query, request, set, server })
      : keys.get({ key: checkKey(key, keyBytes), query, request, set, server });
  });
  app.head('/kv', async ({ request, set, server }) => {
    const query = Query.of(request.url, ['key', ...GET_PARAMETERS]);
    return keys.get({ key: requireKey(query.bytes('key'), keyBytes), query, request, set, server });
  });
  app.put(
    '/kv',
    async ({ request, set, server }) => {
      const query = Query.of(request.url, ['key', ...PUT_PARAMETERS]);
      return putKey(services, {
        key: requireKey(query.bytes('key'), keyBytes),
        query,
        request,
        set,
        server,
      });
    },
    RAW_BODY,
  );
  app.delete(
    '/kv',
    async ({ request, set, server }) => {
      const query = keyOrRange(request.url, DELETE_PARAMETERS, RANGE_DELETE_PARAMETERS);
      const key = query.bytes('key');
      return key === null
        ? ranges.delete({ query, request, set, server })
        : deleteKey(services, { key: checkKey(key, keyBytes), query, request, set, server });
    },
    RAW_BODY,
  );
}

/** A query with a `key` takes what `/kv/{key}` takes; one without, what ranges take. */
function keyOrRange(
  url: string,
  keyNames: readonly string[],
  rangeNames: readonly string[],
): Query {
  const named = /[?&]key(=|&|$)/.test(url);
  return Query.of(url, named ? ['key', ...keyNames] : rangeNames);
}
