import { describe, expect, test } from 'bun:test';
import type { LogLevel } from '../../src/lib/logger.ts';
import { FetchTransport } from '../../src/transport/fetch-transport.ts';
import type { PeerFetch } from '../../src/transport/peer-client.ts';
import type { PeerHttpResponse } from '../../src/transport/peer-endpoint.ts';
import { TransportError } from '../../src/transport/transport.ts';
import type { WireRequest } from '../../src/wire/raft-codec.ts';
import { httpPair, type TransportSettings, transportOptions } from './http-pair.ts';
import { ManualClock, nextTurn } from './manual-clock.ts';
import { Recorder } from './recorder.ts';
import { A, appendRequest, B, putEntry, responseTo, snapshotChunk, STRANGER } from './samples.ts';
import { Wiretap } from './wiretap.ts';

const forwarded = { from: A, to: B, operation: 'propose', requestId: 'r', body: null };

/** A with a `fetch` of the test's making. */
function withFetch(fetch: PeerFetch, settings: TransportSettings = {}) {
  const clock = new ManualClock();
  const node = new Recorder();
  const transport = new FetchTransport(transportOptions({ clock, fetch, ...settings }), node);
  transport.setPeers(new Map([[B, 'http://b/']]));
  return { clock, node, transport };
}

/** A and B over a tapped wire; B's node answers at once. */
function tapped(settings: TransportSettings = {}) {
  const nodeB = new Recorder();
  const b = new FetchTransport(transportOptions({ self: B }), nodeB);
  nodeB.onRequest = (message) => b.send(responseTo(message as WireRequest));
  const tap = new Wiretap(() => b.endpoint);
  return { tap, nodeB, ...withFetch(tap.fetch, settings) };
}

/** Never answers and does not heed its signal; counts what was sent. */
function blackHole() {
  const inits: BunFetchRequestInit[] = [];
  const fetch: PeerFetch = (_url, init) => {
    inits.push(init);
    return new Promise(() => undefined);
  };
  return { inits, fetch };
}

describe('a request', () => {
  test('is a POST that follows nothing and wants nothing compressed', async () => {
    const { transport, node, tap } = tapped();
    transport.send(appendRequest(1));
    await node.settled(1);
    const [init] = tap.inits;
    expect(init).toMatchObject({
      method: 'POST',
      redirect: 'error',
      decompress: false,
      keepalive: true,
      headers: { 'accept-encoding': 'identity' },
    });
    expect(tap.last().path).toBe('/raft/append');
  });

  test('ends in time though fetch does not', async () => {
    const { inits, fetch } = blackHole();
    const { transport, node, clock } = withFetch(fetch);
    transport.send(appendRequest(1));
    await clock.timers(1);
    clock.advance(1000);
    await node.settled(1);
    expect(node.unreachable.all.length).toBe(1);
    expect(inits[0]?.signal?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('after a time-out does not trust the pool until one is answered', async () => {
    const { tap, clock } = tapped();
    const hang = new Promise<never>(() => undefined);
    const direct = tap.fetch;
    let silent = true;
    const fetch: PeerFetch = async (url, init) => {
      if (!silent) return direct(url, init);
      tap.inits.push(init);
      return hang;
    };
    const silenced = withFetch(fetch, { clock });
    silenced.transport.send(appendRequest(1));
    await clock.timers(1);
    clock.advance(1000);
    await silenced.node.settled(1);
    silent = false;
    for (const seq of [2, 3]) {
      silenced.transport.send(appendRequest(seq));
      await silenced.node.settled(seq);
    }
    expect(tap.inits.map(({ keepalive }) => keepalive)).toEqual([true, false, true]);
  });
});

describe('what is under way to one peer is bounded', () => {
  test('small messages and appends with entries, apart from each other', async () => {
    const { inits, fetch } = blackHole();
    const { transport, node, clock } = withFetch(fetch);
    for (let seq = 1; seq <= 20; seq += 1) transport.send(appendRequest(seq));
    for (let seq = 21; seq <= 40; seq += 1) transport.send(appendRequest(seq, [putEntry(5, 7)]));
    await nextTurn();
    expect(inits.length).toBe(32);
    clock.advance(0);
    await node.settled(40);
    const refused = node.unreachable.all.map(({ message }) => message.seq);
    expect(refused).toEqual([17, 18, 19, 20, 37, 38, 39, 40]);
    clock.advance(1000);
    await node.settled(16);
    transport.send(appendRequest(41));
    await nextTurn();
    expect(inits.length).toBe(33);
  });

  test('forwards wait for their turn, and no longer than their time', async () => {
    const { inits, fetch } = blackHole();
    const { transport, clock } = withFetch(fetch);
    const early = Array.from({ length: 100 }, () =>
      transport.forward(B, forwarded, 1000).catch((error: unknown) => error),
    );
    const patient = transport.forward(B, forwarded, 1500).catch((error: unknown) => error);
    const hasty = transport.forward(B, forwarded, 300).catch((error: unknown) => error);
    await nextTurn();
    expect(inits.length).toBe(100);
    clock.advance(300);
    expect(await hasty).toMatchObject({ name: 'TransportError', sent: false });
    clock.advance(700);
    await Promise.all(early);
    await nextTurn();
    expect(inits.length).toBe(101);
    expect(JSON.parse(inits[100]?.body as string)).toMatchObject({ timeoutMs: 500 });
    clock.advance(500);
    expect(await patient).toMatchObject({ name: 'TransportError', sent: true });
  });
});

describe('an answer that is not believed', () => {
  const tampers: [string, (answer: PeerHttpResponse) => PeerHttpResponse][] = [
    ['not 200', (answer) => ({ ...answer, status: 503 })],
    ['without an end', (answer) => ({ ...answer, body: answer.body.slice(0, -5) })],
    ['of another member', header('abcd-from', STRANGER)],
    ['to another member', header('abcd-to', STRANGER)],
    ['of another cluster', header('abcd-cluster', '78')],
    ['compressed', header('content-encoding', 'gzip')],
    ['to another request', replace('"seq":1', '"seq":2')],
    ['in the name of another', replace(`"from":"${B}"`, `"from":"${STRANGER}"`)],
    ['of an impossible term', replace('"term":7', '"term":2000000')],
    ['too long', (answer) => ({ ...answer, body: answer.body + ' '.repeat(2 ** 17) })],
  ];
  for (const [what, tamper] of tampers) {
    test(what, async () => {
      const { transport, node, tap } = tapped();
      tap.tamper = tamper;
      transport.send(appendRequest(1));
      await node.settled(1);
      expect(node.responses.all).toEqual([]);
      tap.tamper = (answer) => answer;
      transport.send(appendRequest(2));
      await node.settled(2);
      expect(node.responses.all.length).toBe(1);
    });
  }
});

describe('what a caller may conclude', () => {
  test('nothing listened: it was certainly not sent', async () => {
    await using pair = httpPair();
    await pair.stopB();
    const error = await pair.a.forward(B, forwarded, 1000).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ sent: false });
  });

  test('a refusal may be forged: it may have been sent', async () => {
    await using pair = httpPair({}, { clusterId: '78' as never });
    const error = await pair.a.forward(B, forwarded, 1000).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'TransportError', sent: true });
    expect(String(error)).toContain('cluster-mismatch');
  });
});

test('an answer of an impossible term to a piece of a snapshot is an error', async () => {
  await using pair = httpPair();
  pair.nodeB.snapshot = () => Promise.resolve({ term: 2_000_000, nextOffset: 1, done: true });
  const sending = pair.a.sendSnapshotChunk(B, snapshotChunk(Uint8Array.of(1)));
  const error = await sending.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'TransportError', sent: true });
});

test('a peer that starts again is reached at once, with a secret too', async () => {
  await using pair = httpPair({ secret: 'secret' });
  for (const seq of [1, 2, 3]) {
    const b = pair.restartB();
    pair.nodeB.onRequest = (message) => b.send(responseTo(message as WireRequest));
    pair.a.send(appendRequest(seq));
    await pair.nodeA.settled(seq);
  }
  expect(pair.nodeA.responses.all.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test('addresses may change, and a member that has gone is unknown', async () => {
  const urls: string[] = [];
  const { transport, node, clock } = withFetch((url) => {
    urls.push(url);
    return Promise.reject(new Error('no'));
  });
  transport.send(appendRequest(1));
  transport.setPeers(new Map([[B, 'http://elsewhere:1']]));
  transport.send(appendRequest(2));
  transport.setPeers(new Map());
  transport.send(appendRequest(3));
  await clock.timers(1);
  clock.advance(0);
  await node.settled(3);
  expect(urls).toEqual(['http://b/raft/append', 'http://elsewhere:1/raft/append']);
});

test('the log tells when a peer stops answering and when it answers again, once each', async () => {
  const lines: string[] = [];
  const log = (level: LogLevel, _family: string, message: string) => {
    lines.push(`${level} ${message}`);
  };
  const { transport, node, tap } = tapped({ logger: { enabled: () => true, log } });
  for (const [seq, status] of [200, 503, 503, 503, 200, 200].entries()) {
    tap.tamper = (answer) => ({ ...answer, status });
    transport.send(appendRequest(seq));
    await node.settled(seq);
  }
  expect(lines).toEqual(['warn peer does not answer', 'info peer answers again']);
});

function header(name: string, value: string): (answer: PeerHttpResponse) => PeerHttpResponse {
  return (answer) => ({ ...answer, headers: { ...answer.headers, [name]: value } });
}

function replace(from: string, to: string): (answer: PeerHttpResponse) => PeerHttpResponse {
  return (answer) => {
    expect(answer.body).toContain(from);
    return { ...answer, body: answer.body.replace(from, to) };
  };
}
