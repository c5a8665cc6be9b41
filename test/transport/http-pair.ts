import { silentLogger } from '../../src/lib/logger.ts';
import { FetchTransport, type FetchTransportOptions } from '../../src/transport/fetch-transport.ts';
import { DEFAULT_PEER_TIMEOUTS } from '../../src/transport/timeouts.ts';
import { ManualClock } from './manual-clock.ts';
import { servePeer } from './peer-server.ts';
import { Recorder } from './recorder.ts';
import { A, B, CLUSTER } from './samples.ts';
import type { TransportPair } from './transport-contract.ts';

export type TransportSettings = Partial<FetchTransportOptions>;

export function transportOptions(settings: TransportSettings = {}): FetchTransportOptions {
  return {
    self: A,
    clusterId: CLUSTER,
    secret: null,
    bootNonce: crypto.randomUUID(),
    clock: new ManualClock(),
    logger: silentLogger,
    timeouts: DEFAULT_PEER_TIMEOUTS,
    isRemoved: () => false,
    currentTerm: () => 7,
    ...settings,
  };
}

export interface HttpPair extends TransportPair {
  readonly a: FetchTransport;
  readonly b: FetchTransport;
  /** B starts again: another transport with another boot nonce at the same address. */
  restartB(): FetchTransport;
}

/** Two transports over real servers on loopback. `settings` hold for both. */
export function httpPair(
  settings: TransportSettings = {},
  onlyA: TransportSettings = {},
): HttpPair {
  const clock = new ManualClock();
  const nodeA = new Recorder();
  const nodeB = new Recorder();
  const a = new FetchTransport(transportOptions({ clock, ...settings, ...onlyA }), nodeA);
  const startB = () => new FetchTransport(transportOptions({ clock, ...settings, self: B }), nodeB);
  let b = startB();
  const serverA = servePeer(() => a.endpoint);
  const serverB = servePeer(() => b.endpoint);
  a.setPeers(new Map([[B, serverB.url]]));
  b.setPeers(new Map([[A, serverA.url]]));
  const stopB = async () => {
    await b.close();
    await serverB.stop();
  };
  return {
    a,
    get b() {
      return b;
    },
    nodeA,
    nodeB,
    clock,
    stopB,
    restartB: () => {
      b = startB();
      return b;
    },
    [Symbol.asyncDispose]: async () => {
      await a.close();
      await stopB();
      await serverA.stop();
    },
  };
}
