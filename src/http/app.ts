import { Elysia } from 'elysia';
import { type Logger, silentLogger } from '../lib/logger.ts';
import type { NodeApi } from '../node/api.ts';
import type { PeerEndpoint } from '../transport/peer-endpoint.ts';
import { ApiError } from '../wire/errors.ts';
import { type Problem, PROBLEM_TYPE, problemOf } from '../wire/problem.ts';
import { OversizedBody } from './request/body.ts';
import { clusterRoutes } from './cluster/cluster.ts';
import { CommonHeaders } from './common-headers.ts';
import type { HttpConfig } from './config.ts';
import { RequestContexts } from './context.ts';
import { electionRoutes } from './locks/elections.ts';
import { eventRoutes } from './streams/events.ts';
import { faultRoutes } from './cluster/faults.ts';
import { Gate, withAbsoluteUrl } from './gate.ts';
import { healthRoutes } from './node/health.ts';
import { historyRoutes } from './kv/history.ts';
import { kvRoutes } from './kv/kv.ts';
import { leaseRoutes } from './leases/leases.ts';
import { lockRoutes } from './locks/locks.ts';
import { memberRoutes } from './cluster/members.ts';
import { nodeRoutes } from './node/node.ts';
import { apiErrorOf, replyOversized, replyProblem } from './problem.ts';
import { raftRoutes } from './cluster/raft.ts';
import { Correlations } from './correlations.ts';
import { type Answer, RequestLog } from './request-log.ts';
import { RouteTable } from './route-table.ts';
import type { Reply, Services } from './services.ts';
import { Slices } from './answer/slices.ts';
import { storeRoutes } from './node/store.ts';
import { swaggerRoutes } from './node/swagger.ts';
import { txnRoutes } from './txn/txn.ts';
import { UnderWay } from './request/under-way.ts';
import { watchRoutes } from './watch/watch.ts';

export interface AppOptions {
  readonly node: NodeApi;
  readonly peers: PeerEndpoint;
  readonly config: HttpConfig;
  /** Where faults go that nobody foresaw; nowhere by default. */
  readonly logger?: Logger;
  /** Fires when the server begins to stop: event streams end with the reason `shutdown`. */
  readonly shutdown?: AbortSignal;
}

/** The REST interface of a node, ready to be given requests or to be listened with. */
export function createApp(options: AppOptions): Elysia {
  const { node, peers, config } = options;
  const correlations = new Correlations();
  const services: Services = {
    node,
    peers,
    config,
    contexts: new RequestContexts(node, correlations),
    underWay: new UnderWay(() => node.now()),
    slices: new Slices(() => node.now()),
    logger: options.logger ?? silentLogger,
    shutdown: options.shutdown ?? new AbortController().signal,
  };
  const common = new CommonHeaders(node, correlations);
  const app = new Elysia({
    strictPath: true,
    normalize: false,
    // Host names may be short: `http://n1/`.
    handler: { standardHostname: false },
  });
  app.headers(common.constant());
  app.onAfterHandle(({ request, set, responseValue }) => {
    common.stamp(set.headers, request);
    if (set.headers['content-type'] === PROBLEM_TYPE) node.refused(responseValue as Problem);
  });
  addErrors(app, services, common);
  addGate(app, services, common, new RequestLog(services.logger, () => node.now()));
  for (const routes of RESOURCES) app.use(routes(services));
  return app;
}

const RESOURCES = [
  kvRoutes,
  historyRoutes,
  txnRoutes,
  watchRoutes,
  leaseRoutes,
  lockRoutes,
  electionRoutes,
  clusterRoutes,
  memberRoutes,
  nodeRoutes,
  storeRoutes,
  healthRoutes,
  eventRoutes,
  faultRoutes,
  raftRoutes,
  swaggerRoutes,
] as const;

/** Every answer that is not a success becomes a problem document here. */
function addErrors(app: Elysia, { logger, config, node }: Services, common: CommonHeaders): void {
  const routes = lazy(() => new RouteTable(app.routes));
  app.onError(({ code, error, request, path, set }) => {
    const known =
      code === 'NOT_FOUND' ? noRoute(routes(), path) : apiErrorOf(error, request, logger);
    common.stamp(set.headers, request);
    node.refused(problemOf(known));
    return known instanceof OversizedBody
      ? replyOversized(set, known, config.limits)
      : replyProblem(set, known);
  });
}

function noRoute(routes: RouteTable, path: string): ApiError {
  const allow = routes.methodsOf(path);
  return allow.length === 0
    ? new ApiError('no-such-route', 'There is nothing at this path')
    : new ApiError('method-not-allowed', `The methods here are ${allow.join(', ')}`, { allow });
}

/** Puts the gate before the router, so that it sees every request, whatever its path. */
function addGate(
  app: Elysia,
  { config, logger, node }: Services,
  common: CommonHeaders,
  log: RequestLog,
): void {
  const gate = new Gate(config);
  const routes = lazy(() => new RouteTable(app.routes));
  const refuse = (request: Request, thrown: unknown): Response => {
    const reply: Reply = { headers: common.constant() };
    const document = replyProblem(reply, apiErrorOf(thrown, request, logger));
    common.stamp(reply.headers, request);
    node.refused(document);
    return respond(reply, JSON.stringify(document));
  };
  app.wrap((handle) => {
    const answer = (given: Request): Answer => {
      try {
        const request = withAbsoluteUrl(given);
        gate.check(request);
        const isHead = request.method === 'HEAD';
        if (isHead) requireHead(routes(), request);
        // Elysia's types call this a function that gives a function.
        const answered = handle(request) as unknown as Answer;
        return isHead ? withoutFalseLength(answered) : answered;
      } catch (thrown) {
        return refuse(given, thrown);
      }
    };
    return (request: Request) => log.around(request, answer);
  });
}

/** Elysia would answer HEAD wherever there is GET, and read endless streams to their end. */
function requireHead(routes: RouteTable, request: Request): void {
  const path = new URL(request.url).pathname;
  const allow = routes.methodsOf(path);
  if (allow.length > 0 && !allow.includes('HEAD')) throw noRoute(routes, path);
}

/** The length of nothing is not that of what GET would have given (RFC 9110 section 8.6). */
async function withoutFalseLength(answer: Answer): Promise<Response> {
  const response = await answer;
  if (response.status === 304) response.headers.delete('content-length');
  return response;
}

function respond(reply: Reply, body: string): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(reply.headers)) headers.set(name, String(value));
  return new Response(body, { status: Number(reply.status), headers });
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
