import { Elysia } from 'elysia';
import type { Fault, FaultControl, NodeApi } from '../node/api.ts';
import { ApiError } from '../wire/errors.ts';
import { FaultsBody } from '../wire/node.ts';
import { jsonBody } from './json-body.ts';
import { requireMemberId } from './member-id.ts';
import { Query } from './query.ts';
import type { Services } from './services.ts';

/** `/faults`: cuts and delays between this node and its peers, for experiments. */
export function faultRoutes({ node, config }: Services): Elysia {
  const app = new Elysia();
  app.get('/faults', ({ request }): FaultsAnswer => answer(controlOf(node, request)));
  app.put(
    '/faults',
    ({ request, body }): FaultsAnswer => {
      const control = controlOf(node, request);
      control.set(body.faults.map((fault) => ({ ...fault, peer: requireMemberId(fault.peer) })));
      return answer(control);
    },
    jsonBody(FaultsBody, config.limits),
  );
  app.delete(
    '/faults',
    ({ request }): FaultsAnswer => {
      const control = controlOf(node, request);
      control.clear();
      return answer(control);
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
