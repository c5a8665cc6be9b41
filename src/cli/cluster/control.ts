/**
 * The supervisor's own interface, on loopback: who runs, and start, stop, kill, pause and resume.
 * A browser page from elsewhere must not reach it, so it answers to loopback names only and refuses
 * what another site sends (DNS rebinding, cross-site requests).
 */

import { Elysia } from 'elysia';
import { isLoopback } from '../../lib/peer-url.ts';
import { ApiError } from '../../wire/errors.ts';
import { PROBLEM_TYPE, problemOf } from '../../wire/problem.ts';
import { type Action, ActionRefused, type NodeReport } from './managed-node.ts';
import type { Supervisor } from './supervisor.ts';

const ACTIONS: readonly Action[] = ['start', 'stop', 'kill', 'pause', 'resume'];

export interface ControlServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Opens the control port. Port 0 takes any. @throws when the port is in use. */
export function openControl(supervisor: Supervisor, port: number): ControlServer {
  const app = controlApp(supervisor);
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port,
    // Stopping a node takes up to twelve seconds, longer than the server's usual patience.
    idleTimeout: 30,
    fetch: (request) => app.fetch(request),
  });
  return { url: server.url.origin, stop: () => server.stop(true) };
}

/** The routes, without a port. */
export function controlApp(supervisor: Supervisor) {
  return new Elysia()
    .onRequest(({ request }) => refuseStrangers(request))
    .onError(({ error, code }) => {
      if (error instanceof ApiError) return problem(error);
      if (code === 'NOT_FOUND') return problem(new ApiError('no-such-route', 'no such route'));
      return problem(new ApiError('internal', 'unexpected fault'));
    })
    .get('/nodes', () => ({ nodes: supervisor.nodes.map((node) => node.report()) }))
    .post('/nodes/:name/:action', ({ params }) => act(supervisor, params.name, params.action));
}

async function act(supervisor: Supervisor, name: string, text: string): Promise<NodeReport> {
  const action = ACTIONS.find((known) => known === text);
  const node = supervisor.node(name);
  if (action === undefined) throw new ApiError('no-such-route', `no such action: ${text}`);
  if (node === undefined) throw new ApiError('member-not-found', `no such node: ${name}`);
  try {
    await node.act(action);
  } catch (error) {
    if (!(error instanceof ActionRefused)) throw error;
    throw new ApiError('conflict', error.message, { state: node.state });
  }
  return node.report();
}

function refuseStrangers(request: Request): Response | undefined {
  const host = hostOf(`http://${request.headers.get('host') ?? ''}`);
  if (!isLoopback(host)) return problem(new ApiError('wrong-host', 'this port is for loopback'));
  const origin = request.headers.get('origin');
  if (origin === null || isLoopback(hostOf(origin))) return undefined;
  return problem(new ApiError('cross-origin', 'this port is for pages of this machine'));
}

function hostOf(url: string): string {
  return URL.parse(url)?.hostname ?? '';
}

function problem(error: ApiError): Response {
  const headers = { 'content-type': PROBLEM_TYPE };
  return new Response(JSON.stringify(problemOf(error)), { status: error.status, headers });
}
