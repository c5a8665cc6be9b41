/** Connections between nodes that are slow, break, overtake each other, or stand half open. */
import type { Prng } from '../../src/lib/prng.ts';
import { type Fault, kills, leaderOf } from '../support/chaos/faults.ts';
import type { Scenario } from '../support/chaos/scenario.ts';
import { FAIR, TcpProxy, type Weather } from '../support/chaos/tcp-proxy.ts';
import { CHAOS_ARGS, underLoad } from '../support/chaos/under-load.ts';
import { freePorts, type NodeProcess } from '../support/node-process.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const SIZE = 3;

export const connectionsAreBad: Scenario = {
  name: 'connections-are-bad',
  about: 'a proxy between the nodes delays, reorders, resets, and holds connections half open',
  share: 1,
  run: async (trial) => {
    using stack = new DisposableStack();
    const ports = await freePorts(SIZE);
    const targets: number[] = [];
    const proxies: TcpProxy[] = [];
    for (const [i, port] of ports.entries()) {
      const target = (): number => targets[i] ?? 0;
      proxies.push(stack.use(await TcpProxy.open(port, target, trial.prng.fork())));
    }
    await using cluster = await ProcessCluster.start({
      size: SIZE,
      args: CHAOS_ARGS,
      peerUrl: (i, port) => {
        targets[i] = port;
        return `http://127.0.0.1:${ports[i]}`;
      },
    });
    const nodes = () => cluster.nodes;
    const killing = kills(nodes, 1000).slice(0, 2);
    await underLoad(trial, { nodes, faults: [[...weathers(nodes, proxies), ...killing]] });
    trial.count(
      'pieces disturbed',
      proxies.reduce((sum, { disturbed }) => sum + disturbed, 0),
    );
    trial.floors({
      'calls acknowledged': 300,
      'histories checked': 8,
      'delays everywhere': 1,
      'connections reset': 1,
      'leaders behind half-open connections': 1,
      'pieces disturbed': 200,
    });
  },
};

function weathers(nodes: () => readonly NodeProcess[], proxies: readonly TcpProxy[]): Fault[] {
  const some = async (which: readonly TcpProxy[], weather: Weather, prng: Prng) => {
    for (const proxy of which) proxy.weather = weather;
    await Bun.sleep(1000 + prng.unit() * 2000);
    for (const proxy of which) proxy.weather = FAIR;
  };
  const ofLeader = async (): Promise<readonly TcpProxy[]> => {
    const leader = await leaderOf(nodes());
    return proxies.filter((_, i) => nodes()[i] === leader);
  };
  const slow = (prng: Prng, longest: number): Weather => {
    return { ...FAIR, delayMs: () => prng.unit() * longest };
  };
  return [
    { name: 'delays everywhere', strike: (prng) => some(proxies, slow(prng, 80), prng) },
    // A message of one connection overtakes those of others by up to an election time-out.
    {
      name: 'delays of one node',
      strike: (prng) => some([prng.pick(proxies)], slow(prng, 600), prng),
    },
    { name: 'connections reset', strike: (prng) => some(proxies, { ...FAIR, resets: 0.1 }, prng) },
    {
      name: 'resets and delays',
      strike: (prng) => some(proxies, { ...slow(prng, 100), resets: 0.05 }, prng),
    },
    {
      name: 'leaders behind half-open connections',
      strike: async (prng) => some(await ofLeader(), { ...FAIR, isBlackHole: true }, prng),
    },
    {
      name: 'nodes behind half-open connections',
      strike: (prng) => some([prng.pick(proxies)], { ...FAIR, isBlackHole: true }, prng),
    },
  ];
}
