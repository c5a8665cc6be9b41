import { MemoryNetwork } from '../../src/transport/memory-transport.ts';
import { httpPair } from './http-pair.ts';
import { ManualClock } from './manual-clock.ts';
import { Recorder } from './recorder.ts';
import { A, B } from './samples.ts';
import { type TransportPair, transportContract } from './transport-contract.ts';

function memoryPair(encode: boolean): TransportPair {
  const clock = new ManualClock();
  const nodeA = new Recorder();
  const nodeB = new Recorder();
  const network = new MemoryNetwork({ clock, encode });
  const a = network.attach(A, nodeA);
  const b = network.attach(B, nodeB);
  a.setPeers(new Map([[B, 'memory:b']]));
  b.setPeers(new Map([[A, 'memory:a']]));
  const close = async () => {
    await a.close();
    await b.close();
  };
  return { a, b, nodeA, nodeB, clock, stopB: () => b.close(), [Symbol.asyncDispose]: close };
}

transportContract('memory', () => Promise.resolve(memoryPair(false)));
transportContract('memory, encoded', () => Promise.resolve(memoryPair(true)));
transportContract('http', () => Promise.resolve(httpPair()));
transportContract('http, signed', () => Promise.resolve(httpPair({ secret: 'a secret' })));
