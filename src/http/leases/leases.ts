import { Elysia } from 'elysia';
import { ApiError } from '../../wire/errors.ts';
import { noSuchLease } from '../../wire/usual-errors.ts';
import {
  GrantBody,
  type LeaseAnswer,
  type LeaseDetailsAnswer,
  type LeasesAnswer,
  type RevokeAnswer,
} from '../../wire/leases.ts';
import { jsonBody } from '../request/json-body.ts';
import { CONSISTENCIES } from '../answer/read-state.ts';
import { requireLeaseId } from './lease-id.ts';
import { leaseKeysPage, leasesPage } from './lease-pages.ts';
import { Query } from '../request/query.ts';
import type { Services } from '../services.ts';
import { resultOf } from '../answer/written.ts';

const PAGE_NAMES = ['limit', 'cursor'];

/** `/leases`: times to live that keys can share. */
export function leaseRoutes(services: Services): Elysia {
  const app = new Elysia();
  addGrant(app, services);
  addKeepAlive(app, services);
  addReads(app, services);
  addRevoke(app, services);
  return app;
}

function addGrant(app: Elysia, { node, contexts, config }: Services): void {
  const { body: schema, parse } = jsonBody(GrantBody, config.limits);
  app.post(
    '/leases',
    async ({ request, server, set, body }): Promise<LeaseAnswer> => {
      Query.of(request.url, []);
      const context = contexts.write(request, server);
      // Drawn here: a request that is sent again under its name asks for the same lease.
      const id =
        body.id === undefined ? node.drawLeaseId(context.requestId) : requireLeaseId(body.id);
      const proposal = { kind: 'lease-grant', id, ttl: body.ttl } as const;
      const { ttl } = resultOf(await node.propose(proposal, context), 'lease-granted', set);
      set.status = 201;
      return { id, ttl };
    },
    { body: schema, parse: async (context) => requireTextId(await parse(context)) },
  );
}

/** A number above 2^53 has been rounded by the time it can be looked at. */
function requireTextId(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('id' in body)) return body;
  if (typeof body.id === 'string') requireLeaseId(body.id);
  if (typeof body.id !== 'number') return body;
  throw new ApiError('bad-request', 'id must be text, as in "id":"42": a number would be rounded');
}

function addKeepAlive(app: Elysia, { node, contexts }: Services): void {
  app.post(
    '/leases/:id/keepalive',
    async ({ request, server, params, set }): Promise<LeaseAnswer> => {
      Query.of(request.url, []);
      const id = requireLeaseId(params.id);
      const context = contexts.write(request, server);
      if (context.requestId !== null) {
        // What has a name is remembered, and so is logged.
        const result = await node.propose({ kind: 'lease-keepalive', id }, context);
        return { id, ttl: resultOf(result, 'lease-kept', set).ttl };
      }
      const ttl = await node.keepAlive(id, context);
      if (ttl === null) throw noSuchLease();
      return { id, ttl };
    },
    { parse: 'none' },
  );
}

function addReads(app: Elysia, { node, contexts, config }: Services): void {
  app.get('/leases/:id', async ({ request, server, params, set }): Promise<LeaseDetailsAnswer> => {
    const query = Query.of(request.url, PAGE_NAMES);
    const id = requireLeaseId(params.id);
    const page = leaseKeysPage(query, id, config.limits);
    const context = contexts.read(request, server);
    const remaining = await node.remainingOf(id, context);
    if (remaining === null) throw noSuchLease();
    // The leader may be another node, and further on than this one.
    await node.readBarrier(context);
    const { store } = node;
    set.headers['abcd-revision'] = String(store.revision);
    const lease = store.lease(id);
    if (lease === undefined) throw noSuchLease();
    const { ttl } = lease;
    return { id, ttl, remaining: Math.min(ttl, secondsOf(remaining)), ...page(store) };
  });
  app.get('/leases', async ({ request, server, set }): Promise<LeasesAnswer> => {
    const query = Query.of(request.url, [...PAGE_NAMES, 'consistency']);
    const page = leasesPage(query, config.limits);
    const context = contexts.read(request, server);
    if (query.choice('consistency', CONSISTENCIES) === 'linearizable') {
      await node.readBarrier(context);
    }
    set.headers['abcd-revision'] = String(node.store.revision);
    return page(node.store);
  });
}

function addRevoke(app: Elysia, { node, contexts }: Services): void {
  app.delete(
    '/leases/:id',
    async ({ request, server, params, set }): Promise<RevokeAnswer> => {
      Query.of(request.url, []);
      const id = requireLeaseId(params.id);
      const context = contexts.write(request, server);
      const result = await node.propose({ kind: 'lease-revoke', id }, context);
      const { deleted, revision } = resultOf(result, 'lease-revoked', set);
      return { deleted, revision };
    },
    { parse: 'none' },
  );
}

/** To the millisecond, and never more than there is. */
function secondsOf(ms: number): number {
  return Math.floor(ms) / 1000;
}
