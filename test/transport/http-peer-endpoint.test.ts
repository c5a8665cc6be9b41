import { describe, expect, test } from 'bun:test';
import { FetchTransport } from '../../src/transport/fetch-transport.ts';
import { encodeSnapshotChunk } from '../../src/transport/frames.ts';
import type { PeerHttpRequest } from '../../src/transport/peer-endpoint.ts';
import { formatWireRange, WIRE_VERSIONS } from '../../src/wire/raft-version.ts';
import { ApiError, type ErrorCode } from '../../src/wire/errors.ts';
import { encodeMessage, type WireRequest } from '../../src/wire/raft-codec.ts';
import { type TransportSettings, transportOptions } from './http-pair.ts';
import { ManualClock } from './manual-clock.ts';
import { Recorder } from './recorder.ts';
import {
  A,
  appendRequest,
  B,
  CLUSTER,
  putEntry,
  responseTo,
  snapshotChunk,
  STRANGER,
} from './samples.ts';

const HEADERS = {
  'abcd-cluster': CLUSTER,
  'abcd-from': A,
  'abcd-to': B,
  'abcd-wire': formatWireRange(WIRE_VERSIONS),
};

function request(change: Record<string, string | null> = {}, message = appendRequest(1)) {
  const headers = new Headers(HEADERS);
  for (const [name, value] of Object.entries(change)) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  return { path: '/raft/append', headers, body: new TextEncoder().encode(encodeMessage(message)) };
}

/** Member B with a node that answers at once. */
function create(settings: TransportSettings = {}) {
  const node = new Recorder();
  const clock = new ManualClock();
  const transport = new FetchTransport(transportOptions({ self: B, clock, ...settings }), node);
  node.onRequest = (message) => transport.send(responseTo(message as WireRequest));
  return { node, clock, transport, endpoint: transport.endpoint };
}

async function codeOf(handled: Promise<unknown>): Promise<ErrorCode | 'none'> {
  try {
    await handled;
    return 'none';
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

describe('what is refused before it is read', () => {
  const refusals: [string, PeerHttpRequest, ErrorCode][] = [
    ['another cluster', request({ 'abcd-cluster': '78' }), 'cluster-mismatch'],
    ['no cluster', request({ 'abcd-cluster': null }), 'cluster-mismatch'],
    ['another addressee', request({ 'abcd-to': STRANGER }), 'member-mismatch'],
    ['no addressee', request({ 'abcd-to': null }), 'member-mismatch'],
    ['a newer protocol', request({ 'abcd-wire': '2-9' }), 'wire-version-mismatch'],
    ['no protocol', request({ 'abcd-wire': null }), 'wire-version-mismatch'],
    ['no sender', request({ 'abcd-from': null }), 'bad-request'],
    ['the addressee as the sender', request({ 'abcd-from': B }), 'bad-request'],
    ['an unknown path', { ...request(), path: '/raft/apend' }, 'no-such-route'],
    ['a message of another sender', request({ 'abcd-from': '5' }), 'bad-request'],
    ['a message of another type', { ...request(), path: '/raft/vote' }, 'bad-request'],
    ['a message to another', request({}, { ...appendRequest(1), to: STRANGER }), 'bad-request'],
  ];
  for (const [what, refused, code] of refusals) {
    test(what, async () => {
      const { endpoint, node } = create();
      expect(await codeOf(endpoint.handle(refused))).toBe(code);
      expect(node.requests.all).toEqual([]);
    });
  }

  test('a removed sender, by an answer that says who gives it', async () => {
    const { endpoint, node } = create({ isRemoved: (id) => id === A });
    const { status, headers, body } = await endpoint.handle(request());
    expect({ status, code: JSON.parse(body).code }).toEqual({
      status: 403,
      code: 'member-removed',
    });
    expect(headers).toMatchObject({ 'abcd-from': B, 'abcd-to': A });
    expect(headers['content-type']).toBe('application/problem+json');
    expect(node.requests.all).toEqual([]);
  });

  test('the sample itself is heard, from a sender nobody has heard of too', async () => {
    const { endpoint, node } = create();
    expect((await endpoint.handle(request())).status).toBe(200);
    const message = { ...appendRequest(2), from: STRANGER };
    expect((await endpoint.handle(request({ 'abcd-from': STRANGER }, message))).status).toBe(200);
    expect(node.requests.all.length).toBe(2);
  });

  test('a wider range of versions is fine', async () => {
    const { endpoint } = create();
    expect((await endpoint.handle(request({ 'abcd-wire': '1-9' }))).status).toBe(200);
  });
});

describe('terms', () => {
  const ofTerm = (term: number) => request({}, { ...appendRequest(1), term });

  test('one that no election can have led to is refused', async () => {
    const { endpoint, node } = create({ currentTerm: () => 7 });
    expect(await codeOf(endpoint.handle(ofTerm(1_000_008)))).toBe('bad-request');
    expect(node.requests.all).toEqual([]);
    expect(await codeOf(endpoint.handle(ofTerm(1_000_007)))).toBe('none');
  });

  test('the same of a snapshot', async () => {
    const { endpoint, node } = create({ currentTerm: () => 7 });
    const chunk = { ...snapshotChunk(Uint8Array.of(1)), term: 2_000_000 };
    const body = encodeSnapshotChunk(chunk);
    const refused = endpoint.handle({ ...request(), path: '/raft/snapshot', body });
    node.snapshot = () => Promise.resolve({ term: 7, nextOffset: 1, done: true });
    expect(await codeOf(refused)).toBe('bad-request');
  });

  test('a member that has heard of none takes any', async () => {
    const { endpoint } = create({ currentTerm: () => 0 });
    expect(await codeOf(endpoint.handle(ofTerm(5_000_000)))).toBe('none');
  });
});

describe('waiting for the node', () => {
  test('the time of a message is bounded', async () => {
    const { endpoint, node, clock } = create();
    node.onRequest = () => undefined;
    const small = codeOf(endpoint.handle(request()));
    const bulky = codeOf(endpoint.handle(request({}, appendRequest(2, [putEntry(5, 7)]))));
    await clock.timers(2);
    clock.advance(1000);
    expect(await small).toBe('timeout');
    expect(clock.pending).toBe(1);
    clock.advance(4000);
    expect(await bulky).toBe('timeout');
  });

  test('a sender that started again takes the place of its earlier request', async () => {
    const { endpoint, node, transport } = create();
    node.onRequest = () => undefined;
    const earlier = codeOf(endpoint.handle(request()));
    const later = endpoint.handle(request({}, { ...appendRequest(1), term: 8 }));
    expect(await earlier).toBe('timeout');
    // What the node says to the earlier one must not be taken for an answer to the later one.
    transport.send(responseTo(appendRequest(1)));
    const answer = responseTo({ ...appendRequest(1), term: 8 });
    transport.send(answer);
    expect((await later).body).toBe(encodeMessage(answer));
  });

  test('no sender can make it wait for more than a bounded number', async () => {
    const { endpoint, node, transport } = create();
    node.onRequest = () => undefined;
    const codes: Promise<string>[] = [];
    for (let seq = 1; seq <= 130; seq += 1) {
      codes.push(codeOf(endpoint.handle(request({}, appendRequest(seq)))));
    }
    expect(await Promise.all(codes.slice(128))).toEqual(['too-many-requests', 'too-many-requests']);
    await transport.close();
    expect(new Set(await Promise.all(codes.slice(0, 128)))).toEqual(new Set(['timeout']));
  });

  test('an error of the node is its own, and ends no later wait', async () => {
    const { endpoint, node, clock } = create();
    node.onRequest = () => {
      throw new Error('impossible');
    };
    let thrown: unknown;
    await endpoint.handle(request()).catch((error: unknown) => {
      thrown = error;
    });
    expect(thrown).toEqual(new Error('impossible'));
    clock.advance(5000);
  });

  test('a closed member hears nobody', async () => {
    const { endpoint, transport } = create();
    await transport.close();
    expect(await codeOf(endpoint.handle(request()))).toBe('shutting-down');
  });
});
