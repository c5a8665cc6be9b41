import { Elysia } from 'elysia';
import type { MemberId } from '../../lib/ids.ts';
import { must } from '../../lib/assert.ts';
import type { ClusterStatus, ConsensusState, MemberStatus } from '../../node/api.ts';
import { type ClusterAnswer, type ClusterMember, TransferBody } from '../../wire/cluster.ts';
import type { Problem } from '../../wire/problem.ts';
import { jsonBody } from '../request/json-body.ts';
import { requireMemberId } from '../request/member-id.ts';
import { once } from '../request/once.ts';
import { Query } from '../request/query.ts';
import type { Services } from '../services.ts';

/** `/cluster`, its leader and its consensus state; members are in members.ts. */
export function clusterRoutes(services: Services): Elysia {
  const { node, contexts, config } = services;
  const app = new Elysia();
  app.get('/cluster', async ({ request, server }) => {
    Query.of(request.url, []);
    return clusterOf(await node.cluster(contexts.read(request, server)));
  });
  app.post(
    '/cluster/leader',
    async ({ request, server, set, body }): Promise<{ leader: MemberId } | Problem> => {
      Query.of(request.url, []);
      const to = body.to === undefined || body.to === null ? null : requireMemberId(body.to);
      const context = contexts.write(request, server);
      return once(services, { context, set, content: ['transfer', to] }, async () => {
        return { leader: await node.transferLeadership(to, context) };
      });
    },
    jsonBody(TransferBody, config.limits),
  );
  app.get('/cluster/state', ({ request }): ConsensusState => {
    Query.of(request.url, []);
    return node.consensusState();
  });
  return app;
}

function clusterOf({ clusterId, leader, term, members }: ClusterStatus): ClusterAnswer {
  return { clusterId, leader, term, members: members.map(memberOf) };
}

function memberOf({ id, name, clientUrls, learner, reachable }: MemberStatus): ClusterMember {
  const url = must(clientUrls[0], `a client URL of the member ${id}`);
  return { id, name, url, role: learner ? 'learner' : 'voter', reachable };
}
