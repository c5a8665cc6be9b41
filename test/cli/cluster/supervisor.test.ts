import { expect, test } from 'bun:test';
import { Supervisor } from '../../../src/cli/cluster/supervisor.ts';
import { type Behaviour, FakeNetwork } from '../fake-network.ts';
import { FakeProcesses, settle } from './fake-processes.ts';

const never = new AbortController().signal;

function superviseTwo(hosts: Readonly<Record<string, Behaviour>> = {}) {
  const network = new FakeNetwork(hosts);
  const processes = new FakeProcesses();
  const plan = ['n1', 'n2'].map((name) => ({ name, url: `http://${name}`, flags: [] }));
  const supervisor = new Supervisor(plan, network, {
    spawn: processes.spawn,
    clock: network.clock,
    command: ['abcd'],
    onLine: () => undefined,
    report: () => undefined,
  });
  supervisor.startAll();
  return { network, processes, supervisor };
}

test('is ready when every node is', async () => {
  let ready = false;
  const { network, supervisor } = superviseTwo({
    'http://n1': () => ({ body: {} }),
    'http://n2': () => ({ status: ready ? 200 : 503, body: {} }),
  });
  network.clock.setTimer(2000, () => {
    ready = true;
  });
  expect(await network.run(supervisor.ready(never))).toBe(true);
  expect(network.clock.now()).toBeGreaterThanOrEqual(2000);
});

test('does not wait for a node that cannot run', async () => {
  const { network, processes, supervisor } = superviseTwo({ 'http://n1': () => ({ body: {} }) });
  await processes.last.exit(2);
  expect(await network.run(supervisor.ready(never))).toBe(true);
});

test('gives up waiting when told to', async () => {
  const { network, supervisor } = superviseTwo();
  const stop = new AbortController();
  network.clock.setTimer(500, () => stop.abort());
  expect(await network.run(supervisor.ready(stop.signal))).toBe(false);
});

test('stops all nodes', async () => {
  const { processes, supervisor } = superviseTwo();
  await supervisor.stopAll();
  expect(processes.started.map(({ signals }) => signals[0])).toEqual(['SIGTERM', 'SIGTERM']);
  expect(supervisor.nodes.map((node) => node.state)).toEqual(['stopped', 'stopped']);
});

test('says when no node is left that could run', async () => {
  const { processes, supervisor } = superviseTwo();
  let over = false;
  void supervisor.allFailed.then(() => {
    over = true;
  });
  await processes.started[0]?.exit(1);
  expect(over).toBe(false);
  await processes.started[1]?.exit(2);
  await settle();
  expect(over).toBe(true);
});
