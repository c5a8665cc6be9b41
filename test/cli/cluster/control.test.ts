import { beforeEach, expect, test } from 'bun:test';
import { controlApp, openControl } from '../../../src/cli/cluster/control.ts';
import { Supervisor } from '../../../src/cli/cluster/supervisor.ts';
import { FakeNetwork } from '../fake-network.ts';
import { FakeProcesses } from './fake-processes.ts';

let supervisor: Supervisor;
let processes: FakeProcesses;

beforeEach(() => {
  processes = new FakeProcesses();
  const network = new FakeNetwork({});
  const plan = ['n1', 'n2'].map((name) => ({ name, url: `http://${name}`, flags: [] }));
  supervisor = new Supervisor(plan, network, {
    spawn: processes.spawn,
    clock: network.clock,
    command: ['abcd'],
    onLine: () => undefined,
    report: () => undefined,
  });
  supervisor.startAll();
});

async function ask(method: string, path: string, headers: Record<string, string> = {}) {
  const init = { method, headers: { host: '127.0.0.1:8079', ...headers } };
  const response = await controlApp(supervisor).handle(
    new Request(`http://127.0.0.1:8079${path}`, init),
  );
  const type = response.headers.get('content-type')?.split(';')[0];
  return { status: response.status, type, body: await response.json() };
}

test('lists the nodes', async () => {
  const { status, body } = await ask('GET', '/nodes');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    nodes: [
      { name: 'n1', state: 'running' },
      { name: 'n2', pid: 1001 },
    ],
  });
});

test('acts on one node and answers with its new state', async () => {
  const states: unknown[] = [];
  for (const action of ['pause', 'resume', 'kill', 'start', 'stop']) {
    const { status, body } = await ask('POST', `/nodes/n2/${action}`);
    expect(status).toBe(200);
    states.push(Reflect.get(Object(body), 'state'));
  }
  expect(states).toEqual(['paused', 'running', 'stopped', 'running', 'stopped']);
  expect(supervisor.node('n1')?.state).toBe('running');
});

test.each([
  ['POST', '/nodes/n9/stop', 404, 'member-not-found'],
  ['POST', '/nodes/n1/explode', 404, 'no-such-route'],
  ['GET', '/other', 404, 'no-such-route'],
  ['POST', '/nodes/n1/start', 409, 'conflict'],
])('%s %s is refused with a problem document', async (method, path, status, code) => {
  const answer = await ask(method, path);
  expect(answer).toMatchObject({
    status,
    type: 'application/problem+json',
    body: { code, status },
  });
});

test('strangers are refused: other host names, other sites', async () => {
  const path = '/nodes/n1/kill';
  expect(await ask('POST', path, { host: 'evil.org:8079' })).toMatchObject({ status: 421 });
  expect(await ask('POST', path, { origin: 'http://evil.org' })).toMatchObject({ status: 403 });
  expect(await ask('POST', path, { origin: 'null' })).toMatchObject({ status: 403 });
  expect(processes.started.flatMap(({ signals }) => signals)).toEqual([]);
  const ours = { origin: 'http://localhost:8080', host: '[::1]:8079' };
  expect(await ask('POST', path, ours)).toMatchObject({ status: 200 });
});

test('listens on loopback, and a port in use is an error', async () => {
  const control = openControl(supervisor, 0);
  expect(new URL(control.url).hostname).toBe('127.0.0.1');
  expect((await fetch(`${control.url}/nodes`)).status).toBe(200);
  expect(() => openControl(supervisor, Number(new URL(control.url).port))).toThrow();
  await control.stop();
});
