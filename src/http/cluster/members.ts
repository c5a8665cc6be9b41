import { Elysia } from 'elysia';
import { Hasher } from '../../kv/hash.ts';
import { must } from '../../lib/assert.ts';
import { type ClusterId, idOfWords, type MemberId, parseMemberId } from '../../lib/ids.ts';
import type { AddedMember, RequestContext } from '../../node/api.ts';
import type { Configuration } from '../../raft/configuration.ts';
import { AddMemberBody, UpdateMemberBody } from '../../wire/cluster.ts';
import type { Problem } from '../../wire/problem.ts';
import { jsonBody } from '../request/json-body.ts';
import { requireMemberId, requireOrigin } from '../request/member-id.ts';
import { once } from '../request/once.ts';
import { Query } from '../request/query.ts';
import type { Services } from '../services.ts';

/** `/cluster/members`: changes of the membership. */
export function memberRoutes(services: Services): Elysia {
  const app = new Elysia();
  addBodyRoutes(app, services);
  addBareRoutes(app, services);
  return app;
}

function addBodyRoutes(app: Elysia, services: Services): void {
  const { node, contexts, config } = services;
  app.post(
    '/cluster/members',
    async ({ request, server, set, body }): Promise<AddAnswer | Problem> => {
      Query.of(request.url, []);
      const given = body.id === undefined ? null : requireMemberId(body.id);
      const input = { id: given, name: body.name ?? null, url: requireOrigin(body.url) };
      const context = contexts.write(request, server);
      const id = given ?? idOfRequest(context, input.url);
      return once(services, { context, set, content: ['add-member', input] }, async () => {
        const added = await node.addMember({ ...input, id }, context);
        set.status = 201;
        return { clusterId: node.clusterId, ...added };
      });
    },
    jsonBody(AddMemberBody, config.limits),
  );
  app.put(
    '/cluster/members/:id',
    async ({ request, server, set, params, body }): Promise<Configuration | Problem> => {
      Query.of(request.url, []);
      const id = requireMemberId(params.id);
      const context = contexts.write(request, server);
      const url = requireOrigin(body.url);
      const content = ['update-member', id, url];
      return once(services, { context, set, content }, () => node.updateMember(id, url, context));
    },
    jsonBody(UpdateMemberBody, config.limits),
  );
}

function addBareRoutes(app: Elysia, services: Services): void {
  const { node, contexts } = services;
  app.delete(
    '/cluster/members/:id',
    async ({ request, server, set, params }): Promise<Configuration | Problem> => {
      Query.of(request.url, []);
      const id = requireMemberId(params.id);
      const context = contexts.write(request, server);
      const content = ['remove-member', id];
      return once(services, { context, set, content }, () => node.removeMember(id, context));
    },
    { parse: 'none' },
  );
  app.post(
    '/cluster/members/:id/promote',
    async ({ request, server, set, params }): Promise<Configuration | Problem> => {
      Query.of(request.url, []);
      const id = requireMemberId(params.id);
      const context = contexts.write(request, server);
      const content = ['promote-member', id];
      return once(services, { context, set, content }, () => node.promoteMember(id, context));
    },
    { parse: 'none' },
  );
}

interface AddAnswer extends AddedMember {
  readonly clusterId: ClusterId;
}

/** The id of the member that a request with a name adds: however often, by whichever node. */
function idOfRequest({ requestId }: RequestContext, url: string): MemberId | null {
  if (requestId === null) return null;
  const { high, low } = new Hasher().text(requestId).text(url).finish();
  return must(parseMemberId(idOfWords(high, low)), 'an id of a hash');
}
