import { describe, expect, test } from 'bun:test';
import type { KvResult } from '../../src/kv/command.ts';
import type { Clock } from '../../src/node/clock.ts';
import { ClusterTime, type ClusterTimeParts } from '../../src/node/cluster-time.ts';
import { type Machine, NodeCluster, put } from './support/node-cluster.ts';

const MINUTE = 60_000;

/** The time as a node sees it whose clocks, log and applied state the test says. */
function setup() {
  const clocks = { now: 5000.5, wall: 1_700_000_000_000 };
  const log = {
    baseIndex: 0,
    entries: [] as { readonly kind: string; readonly at: number }[],
    get lastIndex() {
      return this.baseIndex + this.entries.length;
    },
    entry(index: number) {
      return { command: this.entries[index - this.baseIndex - 1] };
    },
  };
  const machine = { view: { clock: 0 } };
  const clock = { now: () => clocks.now, wallNow: () => clocks.wall };
  const parts = { machine, raft: { state: { log } }, clock } as unknown as ClusterTimeParts;
  const noops = (count: number) => log.entries.push(...Array(count).fill({ kind: 'noop', at: 0 }));
  return { clocks, log, noops, machine, time: new ClusterTime(parts) };
}

describe('the time of the cluster', () => {
  test('begins with the wall clock of the first leader, and never looks at one again', () => {
    const { clocks, log, noops, time } = setup();
    noops(1);
    log.entries.push({ kind: 'configuration', at: 5 });
    expect(time.now()).toBe(1_700_000_000_000);
    log.entries.push({ kind: 'put', at: 1_700_000_000_000 });
    clocks.wall += 100 * MINUTE;
    clocks.now += 1000;
    expect(time.now()).toBe(1_700_000_001_000);
    clocks.wall -= 200 * MINUTE;
    clocks.now += 1000.7;
    expect(time.now()).toBe(1_700_000_002_000);
  });

  test('goes on from the newest command, applied or not', () => {
    const { clocks, log, noops, machine, time } = setup();
    machine.view.clock = 42;
    expect(time.now()).toBe(42);
    clocks.now += 8;
    expect(time.now()).toBe(50);
    // Another has led meanwhile, whose clock was ahead.
    machine.view.clock = 90;
    expect(time.now()).toBe(90);
    clocks.now += 5;
    expect(time.now()).toBe(95);
    log.entries.push({ kind: 'put', at: 200 });
    noops(3);
    log.entries.push({ kind: 'configuration', at: 10 ** 15 });
    expect(time.now()).toBe(200);
    clocks.now += 5;
    expect(time.now()).toBe(205);
  });

  test('is not made up before a snapshot is taken in', () => {
    const { clocks, log, noops, machine, time } = setup();
    log.baseIndex = 9;
    noops(1);
    expect(time.now()).toBe(0);
    clocks.now += 1000;
    machine.view.clock = 40;
    expect(time.now()).toBe(1000);
    machine.view.clock = 4000;
    expect(time.now()).toBe(4000);
  });
});

describe('a request with a name', () => {
  /** Three nodes, of whose wall clocks each is another hour ahead. */
  async function hoursApart(): Promise<NodeCluster> {
    const cluster = await NodeCluster.of(3);
    for (const [hours, machine] of cluster.machines.entries()) {
      cluster.kill(machine);
      await cluster.start(machine, { clock: ahead(cluster.clock, hours * 60 * MINUTE) });
      await cluster.settled();
    }
    return cluster;
  }

  function ahead(clock: Clock, ms: number): Clock {
    return {
      now: () => clock.now(),
      wallNow: () => clock.wallNow() + ms,
      setTimer: (after, callback) => clock.setTimer(after, callback),
      yield: () => clock.yield(),
    };
  }

  async function repeat(cluster: NodeCluster, by: Machine): Promise<KvResult> {
    return await cluster.done(by.node.propose(put('k', 'v'), cluster.context(3000, 'name')));
  }

  test('has one effect, whatever the wall clocks of the leaders say', async () => {
    const cluster = await hoursApart();
    let first: KvResult | null = null;
    for (const machine of cluster.machines) {
      await cluster.done(machine.node.transferLeadership(machine.id, cluster.context()));
      expect(await cluster.settled()).toBe(machine);
      await cluster.put(machine, 'other', 'v');
      first ??= await repeat(cluster, machine);
      expect(await repeat(cluster, machine)).toEqual(first);
    }
  });

  test('is forgotten in time, though a leader was far ahead once', async () => {
    const cluster = await hoursApart();
    for (const n of [3, 1]) {
      const { node, id } = cluster.machine(n);
      await cluster.done(node.transferLeadership(id, cluster.context()));
      await cluster.put(await cluster.settled(), `of ${n}`, 'v');
    }
    const first = await repeat(cluster, cluster.machine(1));
    cluster.clock.jump(11 * MINUTE);
    await cluster.put(await cluster.settled(), 'other', 'v');
    expect(await repeat(cluster, cluster.machine(1))).not.toEqual(first);
  });
});
