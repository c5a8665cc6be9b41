import { expect, test } from 'bun:test';
import type { PeerFault } from '../../src/transport/faults.ts';
import { FaultTable } from '../../src/transport/faults.ts';
import type { WireRequest } from '../../src/wire/raft-codec.ts';
import { httpPair, transportOptions } from './http-pair.ts';
import { Recorder } from './recorder.ts';
import { Wiretap } from './wiretap.ts';
import { FetchTransport } from '../../src/transport/fetch-transport.ts';
import { ManualClock, nextTurn } from './manual-clock.ts';
import { A, appendRequest, B, responseTo } from './samples.ts';

const FAULT = { cut: false, dropRate: 0, delayMs: 0, ttlSeconds: 60 };

/** A pair in which A injects faults; B's node answers at once. */
function create(fault: Pick<PeerFault, 'direction'> & Partial<PeerFault>) {
  const table = new FaultTable(new ManualClock(), () => true);
  const pair = httpPair({}, { faults: table });
  table.set([{ ...FAULT, peer: B, ...fault }]);
  pair.nodeB.onRequest = (message) => pair.b.send(responseTo(message as WireRequest));
  pair.nodeA.onRequest = (message) => pair.a.send(responseTo(message as WireRequest));
  return { pair, table };
}

const ofB = (seq: number): WireRequest => ({ type: 'timeout-now', from: B, to: A, term: 7, seq });

test('a cut outwards: the peer hears nothing, and the time-out tells the sender', async () => {
  const { pair, table } = create({ direction: 'out', cut: true });
  await using _ = pair;
  pair.a.send(appendRequest(1));
  await pair.clock.timers(1);
  pair.clock.advance(999);
  expect(pair.nodeA.unreachable.all).toEqual([]);
  pair.clock.advance(1);
  await pair.nodeA.settled(1);
  expect(pair.nodeB.requests.all).toEqual([]);
  table.clear();
  pair.a.send(appendRequest(2));
  await pair.nodeA.settled(2);
  expect(pair.nodeA.responses.all.length).toBe(1);
});

test('a cut outwards: the peer can ask, but gets no answer', async () => {
  const { pair } = create({ direction: 'out', cut: true });
  await using _ = pair;
  pair.b.send(ofB(1));
  await pair.nodeA.requests.next();
  await pair.clock.timers(2);
  pair.clock.advance(1000);
  await pair.nodeB.settled(1);
  expect(pair.nodeB.responses.all).toEqual([]);
});

test('a cut inwards: the peer hears and answers, and the answer is lost', async () => {
  const { pair, table } = create({ direction: 'in', cut: true });
  await using _ = pair;
  const clock = new ManualClock();
  const node = new Recorder();
  const tap = new Wiretap(() => pair.b.endpoint);
  const a = new FetchTransport(transportOptions({ clock, fetch: tap.fetch, faults: table }), node);
  a.setPeers(new Map([[B, 'http://b']]));
  a.send(appendRequest(1));
  await tap.answered.promise;
  await nextTurn();
  expect(node.responses.all).toEqual([]);
  clock.advance(1000);
  await node.settled(1);
  expect(node.unreachable.all.length).toBe(1);
});

test('a cut inwards: what the peer asks is not heard', async () => {
  const { pair } = create({ direction: 'in', cut: true });
  await using _ = pair;
  pair.b.send(ofB(1));
  await pair.clock.timers(2);
  pair.clock.advance(1000);
  await pair.nodeB.settled(1);
  expect(pair.nodeA.requests.all).toEqual([]);
});

test('a drop rate loses as a cut does', async () => {
  const { pair } = create({ direction: 'out', dropRate: 0.5 });
  await using _ = pair;
  pair.a.send(appendRequest(1));
  await pair.clock.timers(1);
  pair.clock.advance(1000);
  await pair.nodeA.settled(1);
  expect(pair.nodeB.requests.all).toEqual([]);
});

test('a delay delays', async () => {
  const { pair } = create({ direction: 'out', delayMs: 300 });
  await using _ = pair;
  pair.a.send(appendRequest(1));
  await pair.clock.timers(2);
  await nextTurn();
  expect(pair.nodeB.requests.all).toEqual([]);
  pair.clock.advance(300);
  await pair.nodeA.settled(1);
  expect(pair.nodeA.responses.all.length).toBe(1);
});

test('a delay beyond the time-out is a loss, and nothing is sent afterwards', async () => {
  const { pair } = create({ direction: 'out', delayMs: 1500 });
  await using _ = pair;
  pair.a.send(appendRequest(1));
  await pair.clock.timers(2);
  pair.clock.advance(2000);
  await pair.nodeA.settled(1);
  expect(pair.nodeA.unreachable.all.length).toBe(1);
  await nextTurn();
  expect(pair.nodeB.requests.all).toEqual([]);
});
