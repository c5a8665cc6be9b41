import { Elysia } from 'elysia';
import type { ClusterId } from '../lib/ids.ts';
import type { AddedMember } from '../node/api.ts';
import type { Configuration } from '../raft/configuration.ts';
import { AddMemberBody, UpdateMemberBody } from '../wire/cluster.ts';
import { jsonBody } from './json-body.ts';
import { requireMemberId, requireOrigin } from './member-id.ts';
import { Query } from './query.ts';
import type { Services } from './services.ts';

/** `/cluster/members`: changes of the membership. */
export function memberRoutes(services: Services): Elysia {
  const app = new Elysia();
  addBodyRoutes(app, services);
  addBareRoutes(app, services);
  return app;
}

function addBodyRoutes(app: Elysia, { node, contexts, config }: Services): void {
  app.post(
    '/cluster/members',
    async ({ request, server, set, body }): Promise<AddedMember & { clusterId: ClusterId }> => {
      Query.of(request.url, []);
      const id = body.id === undefined ? null : requireMemberId(body.id);
      const member = { id, name: body.name ?? null, url: requireOrigin(body.url) };
      const added = await node.addMember(member, contexts.write(request, server));
      set.status = 201;
      return { clusterId: node.clusterId, ...added };
    },
    jsonBody(AddMemberBody, config.limits),
  );
  app.put(
    '/cluster/members/:id',
    async ({ request, server, params, body }): Promise<Configuration> => {
      Query.of(request.url, []);
      const id = requireMemberId(params.id);
      const context = contexts.write(request, server);
      return node.updateMember(id, requireOrigin(body.url), context);
    },
    jsonBody(UpdateMemberBody, config.limits),
  );
}

function addBareRoutes(app: Elysia, { node, contexts }: Services): void {
  app.delete(
    '/cluster/members/:id',
    async ({ request, server, params }): Promise<Configuration> => {
      Query.of(request.url, []);
      return node.removeMember(requireMemberId(params.id), contexts.write(request, server));
    },
    { parse: 'none' },
  );
  app.post(
    '/cluster/members/:id/promote',
    async ({ request, server, params }): Promise<Configuration> => {
      Query.of(request.url, []);
      return node.promoteMember(requireMemberId(params.id), contexts.write(request, server));
    },
    { parse: 'none' },
  );
}
