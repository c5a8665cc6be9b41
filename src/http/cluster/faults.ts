import { Elysia } from 'elysia';
import type { MemberId } from '../../lib/ids.ts';
import type { Fault, FaultControl, NodeApi } from '../../node/api.ts';
import { ApiError } from '../../wire/errors.ts';
import { FaultsBody } from '../../wire/node.ts';
import type { Problem } from '../../wire/problem.ts';
import { jsonBody } from '../request/json-body.ts';
import { requireMemberId } from '../request/member-id.ts';
import { once } from '../request/once.ts';
import { Query } from '../request/query.ts';
import type { Services } from '../services.ts';

/** `/faults`: cuts and delays between this node and its peers, for experiments. */
export function faultRoutes(services: Services): Elysia {
  const { node, config, contexts } = services;
  const app = new Elysia();
  app.get('/faults', ({ request }): FaultsAnswer => answer(controlOf(node, request)));
  app.put(
    '/faults',
    async ({ request, server, set, body }): Promise<FaultsAnswer | Problem> => {
      const control = controlOf(node, request);
      const peers = peersOf(node);
      const faults = body.faults.map((fault) => ({
        ...fault,
        peer: requirePeer(fault.peer, peers),
      }));
      const context = contexts.write(request, server);
      return once(services, { context, set, content: ['set-faults', faults] }, () => {
        control.set(faults);
        return answer(control);
      });
    },
    jsonBody(FaultsBody, config.limits),
  );
  app.delete(
    '/faults',
    async ({ request, server, set }): Promise<FaultsAnswer | Problem> => {
      const control = controlOf(node, request);
      const context = contexts.write(request, server);
      return once(services, { context, set, content: ['clear-faults'] }, () => {
        control.clear();
        return answer(control);
      });
    },
    { parse: 'none' },
  );
  return app;
}

interface FaultsAnswer {
  readonly faults: readonly Fault[];
}

function answer(control: FaultControl): FaultsAnswer {
  return { faults: control.list() };
}

/** @throws ApiError `no-such-route` where faults were not enabled */
function controlOf(node: NodeApi, request: Request): FaultControl {
  if (node.faults === null) {
    throw new ApiError('no-such-route', 'Faults need a node started with --enable-faults');
  }
  Query.of(request.url, []);
  return node.faults;
}

/** The other members, as this node knows them. */
function peersOf(node: NodeApi): ReadonlySet<MemberId> {
  const peers = new Set(node.consensusState().configuration.members.map(({ id }) => id));
  peers.delete(node.memberId);
  return peers;
}

/** A fault towards nobody would be taken and do nothing. @throws ApiError `member-not-found` */
function requirePeer(text: string, peers: ReadonlySet<MemberId>): MemberId {
  const id = requireMemberId(text);
  if (peers.has(id)) return id;
  throw new ApiError('member-not-found', `This node knows no other member ${id}`);
}
