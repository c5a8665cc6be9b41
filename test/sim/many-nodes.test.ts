import { expect, test } from 'bun:test';
import { bytesOfText } from '../../src/lib/bytes.ts';
import type { SimNode } from '../../src/sim/sim-node.ts';
import type { Simulation } from '../../src/sim/simulation.ts';
import { calmWorld, settle } from './support/world.ts';

const NODES = 25;
const MINUTE_MS = 60_000;

test(
  '25 nodes that join one after another are one cluster, and lose a leader without loss',
  () => {
    const world = calmWorld(1);
    untilLed(world);
    for (let nodes = 2; nodes <= NODES; nodes += 1) {
      expect(settle(world, world.cluster.join())).not.toBeNull();
      write(world, `joined-${nodes}`);
      until(world, () => voters(world) === nodes);
    }
    expect(new Set(world.cluster.running.map(leaderOf)).size).toBe(1);
    untilEqual(world, world.cluster.running);

    const deposed = world.cluster.leader;
    expect(deposed).not.toBeNull();
    deposed?.crash('drop');
    untilLed(world);
    expect(world.cluster.leader).not.toBe(deposed);
    write(world, 'after');
    untilEqual(world, world.cluster.running);
    deposed?.start();
    until(world, () => world.cluster.running.length === NODES);
    untilEqual(world, world.cluster.running);
    expect(world.failure).toBeNull();
  },
  MINUTE_MS,
);

function untilLed(world: Simulation): void {
  until(world, () => {
    const leader = world.cluster.leader;
    const role = leader?.node?.raft.state.role;
    const commitIndex = leader?.node?.raft.state.commitIndex ?? 0;
    return role?.name === 'leader' && commitIndex >= role.noopIndex;
  });
}

/** Everyone has applied the same entries, and so has the same state. */
function untilEqual(world: Simulation, nodes: readonly SimNode[]): void {
  const states = (): Set<string> => {
    return new Set(nodes.map(({ node }) => `${node?.status().appliedIndex} ${node?.store.hash()}`));
  };
  until(world, () => states().size === 1);
  expect(states().size).toBe(1);
}

function until(world: Simulation, done: () => boolean): void {
  world.runFor(MINUTE_MS, done);
  expect(world.failure).toBeNull();
  expect(done()).toBeTrue();
}

/** Through any node. */
function write(world: Simulation, text: string): void {
  const { cluster } = world;
  const target = world.world.prng.pick(cluster.running);
  const key = bytesOfText(text);
  const put = { kind: 'put', key, value: key, condition: null, prev: false } as const;
  settle(
    world,
    cluster.call(target, (node, context) => node.propose(put, context), 5_000, text),
  );
}

function voters(world: Simulation): number {
  return world.cluster.leader?.node?.raft.state.voters.length ?? 0;
}

function leaderOf({ node }: SimNode): string | null {
  return node?.raft.state.leader ?? null;
}
