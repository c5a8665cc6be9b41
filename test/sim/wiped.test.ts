import { expect, test } from 'bun:test';
import { bytesOfText } from '../../src/lib/bytes.ts';
import type { SimNode } from '../../src/sim/sim-node.ts';
import type { Simulation } from '../../src/sim/simulation.ts';
import { calmWorld, settle } from './support/world.ts';

const ELECTED_MS = 10_000;

test('a founding member with an empty directory that can ask nobody elects no one', () => {
  const world = calmWorld(3);
  const leader = untilLed(world, world.cluster.nodes);
  const [lost, behind] = world.cluster.nodes.filter((node) => node !== leader);
  if (lost === undefined || behind === undefined) throw new Error('three nodes');
  cut(world, [behind], [leader, lost]);
  write(world, leader, 'acknowledged by the other two');
  cut(world, [leader], [lost, behind]);
  lost.crash('drop');
  lost.damaged();
  lost.wipe();
  lost.start();
  // Nobody else is there to tell it what it was; the one it then meets has not heard.
  world.runFor(ELECTED_MS);
  world.world.network.mend();
  cut(world, [leader], [lost, behind]);
  world.runFor(ELECTED_MS);
  expect(world.failure).toBeNull();
  expect(behind.node?.status().role).not.toBe('leader');
  expect(lost.node?.status().recovering).toBeTrue();

  // With the third they know everything again.
  world.world.network.mend();
  const next = untilLed(world, [leader, lost, behind]);
  expect(next).not.toBe(lost);
  world.runFor(ELECTED_MS, () => lost.node?.status().recovering === false);
  expect(lost.node?.status().recovering).toBeFalse();
  expect(lost.node?.store.revision).toBe(next.node?.store.revision ?? 0);
  expect(world.failure).toBeNull();
});

test('one that others remember is not started again', () => {
  const world = calmWorld(3);
  untilLed(world, world.cluster.nodes);
  world.runFor(ELECTED_MS);
  const [lost] = world.cluster.nodes;
  lost?.crash('drop');
  lost?.damaged();
  lost?.wipe();
  lost?.start();
  world.runFor(ELECTED_MS);
  expect(lost?.isGone).toBeTrue();
  expect(world.failure).toBeNull();
});

test('a majority of the founding members founds the cluster', () => {
  const world = calmWorld(3);
  const [late] = world.cluster.nodes;
  late?.crash('drop');
  untilLed(world, world.cluster.nodes);
  late?.start();
  world.runFor(ELECTED_MS, () => late?.node?.status().recovering === false);
  expect(late?.node?.status().recovering).toBeFalse();
  expect(world.failure).toBeNull();
});

function cut(world: Simulation, some: readonly SimNode[], others: readonly SimNode[]): void {
  const ids = (nodes: readonly SimNode[]) => nodes.map(({ id }) => id);
  world.world.network.cut(ids(some), ids(others));
  world.world.network.cut(ids(others), ids(some));
}

function untilLed(world: Simulation, nodes: readonly SimNode[]): SimNode {
  const led = (): SimNode | null => {
    const { leader } = world.cluster;
    const role = leader?.node?.raft.state.role;
    const commitIndex = leader?.node?.raft.state.commitIndex ?? 0;
    if (leader === null || !nodes.includes(leader) || role?.name !== 'leader') return null;
    return commitIndex >= role.noopIndex ? leader : null;
  };
  world.runFor(ELECTED_MS, () => led() !== null);
  const leader = led();
  if (world.failure !== null) throw world.failure;
  if (leader === null) throw new Error('nobody leads');
  return leader;
}

function write(world: Simulation, target: SimNode, text: string): void {
  const key = bytesOfText(text);
  const put = { kind: 'put', key, value: key, condition: null, prev: false } as const;
  const call = world.cluster.call(
    target,
    (node, context) => node.propose(put, context),
    5_000,
    text,
  );
  settle(world, call);
}
