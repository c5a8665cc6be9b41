import { Elysia } from 'elysia';
import type { HealthAnswer, HealthCheck, VersionAnswer } from '../../wire/node.ts';
import type { Problem } from '../../wire/problem.ts';
import { problem } from '../problem.ts';
import { Query } from '../request/query.ts';
import type { Reply, Services } from '../services.ts';

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What orchestrators and monitors ask: `/livez`, `/readyz`, `/metrics`, `/version`. */
export function healthRoutes(services: Services): Elysia {
  const app = new Elysia();
  addHealth(app, services);
  addMonitoring(app, services);
  return app;
}

function addHealth(app: Elysia, { node }: Services): void {
  const readiness = (request: Request, set: Reply): HealthAnswer | Problem => {
    const verbose = isVerbose(request.url);
    const checks = Object.entries(node.readiness()).map(([name, reason]) => checkOf(name, reason));
    const failed = checks.filter((check) => !check.ok);
    const remarks = Object.entries(node.remarks()).map(([name, reason]) => remarkOf(name, reason));
    const all = [...checks, ...remarks];
    if (failed.length === 0) return healthy(verbose, all);
    const detail = failed.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
    return problem(set, 'not-ready', detail, { checks: verbose ? all : failed });
  };
  // That this runs is the check: a process whose loop is stuck does not come to it.
  const liveness = (url: string): HealthAnswer => healthy(isVerbose(url), [checkOf('loop', null)]);
  app.get('/livez', ({ request }) => liveness(request.url));
  app.head('/livez', ({ request }) => liveness(request.url));
  app.get('/readyz', ({ request, set }) => readiness(request, set));
  app.head('/readyz', ({ request, set }) => readiness(request, set));
}

function addMonitoring(app: Elysia, { node, config }: Services): void {
  app.get('/metrics', async ({ request, set }) => {
    Query.of(request.url, []);
    set.headers['content-type'] = METRICS_TYPE;
    return node.metrics();
  });
  app.get('/version', ({ request }): VersionAnswer => {
    Query.of(request.url, []);
    return { version: config.version, bun: Bun.version };
  });
}

function isVerbose(url: string): boolean {
  return Query.of(url, ['verbose']).flag('verbose');
}

function checkOf(name: string, reason: string | null): HealthCheck {
  return reason === null ? { name, ok: true } : { name, ok: false, reason };
}

/** What does not make a node unready. */
function remarkOf(name: string, reason: string): HealthCheck {
  return { name, ok: true, reason };
}

function healthy(verbose: boolean, checks: HealthCheck[]): HealthAnswer {
  return verbose ? { status: 'ok', checks } : { status: 'ok' };
}
