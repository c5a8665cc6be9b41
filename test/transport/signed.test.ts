import { describe, expect, test } from 'bun:test';
import { FetchTransport } from '../../src/transport/fetch-transport.ts';
import type { PeerHttpRequest } from '../../src/transport/peer-endpoint.ts';
import { formatSignature, parseSignature } from '../../src/transport/peer-signature.ts';
import { ApiError } from '../../src/wire/errors.ts';
import type { WireRequest } from '../../src/wire/raft-codec.ts';
import { transportOptions } from './http-pair.ts';
import { ManualClock } from './manual-clock.ts';
import { Recorder } from './recorder.ts';
import { A, appendRequest, B, responseTo } from './samples.ts';
import { Wiretap } from './wiretap.ts';

/** A asks B over a wire that is tapped; B's node answers at once. */
function create(secretOfA: string | null = 'secret', secretOfB: string | null = 'secret') {
  const clock = new ManualClock();
  const nodeA = new Recorder();
  const nodeB = new Recorder();
  let removed = false;
  const isRemoved = () => removed;
  const startB = () =>
    new FetchTransport(transportOptions({ self: B, clock, secret: secretOfB, isRemoved }), nodeB);
  let b = startB();
  const tap = new Wiretap(() => b.endpoint);
  const startA = () => {
    const settings = { clock, secret: secretOfA, fetch: tap.fetch };
    const transport = new FetchTransport(transportOptions(settings), nodeA);
    transport.setPeers(new Map([[B, 'http://b']]));
    return transport;
  };
  let a = startA();
  nodeB.onRequest = (message) => b.send(responseTo(message as WireRequest));
  return {
    nodeA,
    nodeB,
    tap,
    ask: async (seq: number) => {
      a.send(appendRequest(seq));
      await nodeA.settled(seq);
    },
    heard: () => nodeB.requests.all.map(({ seq }) => seq),
    replay: (request: PeerHttpRequest) => b.endpoint.handle(request).then(statusOf, statusOf),
    removeA: () => {
      removed = true;
    },
    restartA: () => {
      a = startA();
    },
    restartB: () => {
      b = startB();
    },
  };
}

function statusOf(outcome: unknown): number {
  if (outcome instanceof ApiError) return outcome.status;
  return (outcome as { status: number }).status;
}

describe('a request', () => {
  test('is heard with the right signature, and with none or another refused', async () => {
    const none = create(null);
    await none.ask(1);
    expect(await none.replay(none.tap.last())).toBe(401);
    const wrong = create('another secret');
    await wrong.ask(1);
    expect(await wrong.replay(wrong.tap.last())).toBe(403);
    expect([none.heard(), wrong.heard()]).toEqual([[], []]);
    const right = create();
    await right.ask(1);
    expect(right.heard()).toEqual([1]);
  });

  test('is asked for a session once, then not again', async () => {
    const { ask, tap, heard } = create();
    await ask(1);
    expect(tap.requests.length).toBe(2);
    await ask(2);
    await ask(3);
    expect(tap.requests.length).toBe(4);
    expect(heard()).toEqual([1, 2, 3]);
  });

  test('that is recorded cannot be sent again', async () => {
    const { ask, tap, heard, replay } = create();
    await ask(1);
    await ask(2);
    const codes: number[] = [];
    for (const request of tap.requests) codes.push(await replay(request));
    expect(codes).toEqual([401, 403, 403]);
    expect(heard()).toEqual([1, 2]);
  });

  test('of an earlier run of its sender cannot be sent again', async () => {
    const { ask, tap, heard, replay, restartA } = create();
    await ask(1);
    const recorded = tap.last();
    restartA();
    await ask(2);
    expect(await replay(recorded)).toBe(401);
    expect(heard()).toEqual([1, 2]);
    await ask(3);
    expect(heard()).toEqual([1, 2, 3]);
  });

  test('to an earlier run of its receiver cannot be sent again', async () => {
    const { ask, tap, heard, replay, restartB } = create();
    await ask(1);
    const recorded = tap.last();
    restartB();
    expect(await replay(recorded)).toBe(401);
    await ask(2);
    expect(await replay(recorded)).toBe(401);
    expect(heard()).toEqual([1, 2]);
  });

  test('that was held up is heard when it comes, once', async () => {
    const { ask, tap, heard, replay } = create();
    await ask(1);
    tap.holdNext();
    await ask(2);
    const held = tap.last();
    await ask(3);
    expect(heard()).toEqual([1, 3]);
    expect(await replay(held)).toBe(200);
    expect(await replay(held)).toBe(403);
    expect(heard()).toEqual([1, 3, 2]);
  });

  const changes: [string, (request: PeerHttpRequest) => PeerHttpRequest][] = [
    ['body', (request) => ({ ...request, body: flipped(request.body) })],
    ['path', (request) => ({ ...request, path: '/raft/vote' })],
    ['sender', (request) => withHeader(request, 'abcd-from', '5')],
    ['versions', (request) => withHeader(request, 'abcd-wire', '1-2')],
    ['counter', (request) => resigned(request, { counter: 99 })],
    ['boot nonce', (request) => resigned(request, { nonce: 'another-nonce' })],
    ['session', (request) => resigned(request, { session: '' })],
    ['signature', (request) => resigned(request, { mac: 'ab'.repeat(32) })],
    ['form of the signature', (request) => withHeader(request, 'abcd-signature', 'x')],
  ];
  for (const [part, change] of changes) {
    test(`with another ${part} is refused`, async () => {
      const { ask, tap, heard, replay } = create();
      await ask(1);
      expect(await replay(change(tap.last()))).toBe(403);
      expect(heard()).toEqual([1]);
    });
  }
});

describe('an answer', () => {
  test('is believed only when it is signed', async () => {
    const { ask, tap, nodeA } = create();
    const tampers: Wiretap['tamper'][] = [
      (answer) => ({ ...answer, body: answer.body.replace('"ok":true', '"ok":false') }),
      (answer) => ({ ...answer, headers: { ...answer.headers, 'abcd-signature': '' } }),
      (answer) => ({ ...answer, headers: { ...answer.headers, 'abcd-wire': '1-2' } }),
    ];
    await ask(1);
    let seq = 2;
    for (const tamper of tampers) {
      tap.tamper = tamper;
      await ask(seq);
      seq += 1;
    }
    expect(nodeA.responses.all.map((message) => message.seq)).toEqual([1]);
    expect(nodeA.unreachable.all.map(({ message }) => message.seq)).toEqual([2, 3, 4]);
  });

  test('to another request is not believed', async () => {
    const { ask, tap, nodeA } = create();
    await ask(1);
    const recorded: Parameters<Wiretap['tamper']>[0][] = [];
    tap.tamper = (answer) => {
      recorded.push(answer);
      return recorded[0] ?? answer;
    };
    await ask(2);
    await ask(3);
    expect(nodeA.responses.all.map((message) => message.seq)).toEqual([1, 2]);
    expect(nodeA.unreachable.all.map(({ message }) => message.seq)).toEqual([3]);
  });

  test('of a member without the secret is not believed', async () => {
    const { ask, nodeA } = create('secret', null);
    await ask(1);
    expect(nodeA.responses.all).toEqual([]);
    expect(nodeA.unreachable.all.length).toBe(1);
  });
});

describe('that it was removed', () => {
  test.each([['secret'], [null]])('a member believes a peer (secret: %p)', async (secret) => {
    const { ask, removeA, nodeA, nodeB } = create(secret, secret);
    await ask(1);
    removeA();
    await ask(2);
    expect(nodeA.disownedBy).toEqual([B]);
    expect(nodeA.unreachable.all.map(({ message }) => message.seq)).toEqual([2]);
    expect(nodeB.requests.all).toHaveLength(1);
  });

  const forgeries: [string, Wiretap['tamper']][] = [
    ['unsigned', (answer) => ({ ...answer, headers: { ...answer.headers, 'abcd-signature': '' } })],
    ['that says something else', (answer) => ({ ...answer, body: `${answer.body} ` })],
    ['under another status', (answer) => ({ ...answer, status: 410 })],
    ['of a proxy', ({ status, body }) => ({ status, body, headers: {} })],
  ];
  for (const [what, tamper] of forgeries) {
    test(`a member does not believe an answer ${what}`, async () => {
      const { ask, removeA, nodeA, tap } = create();
      removeA();
      tap.tamper = (answer) => (answer.status === 403 ? tamper(answer) : answer);
      await ask(1);
      expect(nodeA.disownedBy).toEqual([]);
      expect(nodeA.unreachable.all).toHaveLength(1);
    });
  }

  test('without a secret the answer must at least be of the member that was asked', async () => {
    const { ask, removeA, nodeA, tap } = create(null, null);
    removeA();
    tap.tamper = (answer) => ({ ...answer, headers: { ...answer.headers, 'abcd-from': '5' } });
    await ask(1);
    expect(nodeA.disownedBy).toEqual([]);
  });
});

test('a peer that gives a new session each time is not asked for ever', async () => {
  const { ask, tap, nodeA } = create();
  tap.tamper = (answer) => ({
    ...answer,
    status: 401,
    headers: { 'abcd-challenge': `${tap.requests.length}.${'0'.repeat(64)}` },
  });
  await ask(1);
  expect(tap.requests.length).toBe(3);
  expect(nodeA.unreachable.all.length).toBe(1);
});

test('many at once, on first contact, are all heard', async () => {
  const { nodeA, heard, ask } = create();
  await Promise.all(Array.from({ length: 16 }, (_, i) => ask(i + 1)));
  expect(nodeA.unreachable.all).toEqual([]);
  expect(heard().toSorted((x, y) => x - y)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  expect(nodeA.responses.all.every(({ to }) => to === A)).toBe(true);
});

function flipped(body: Uint8Array): Uint8Array {
  const copy = body.slice();
  copy[20] = (copy[20] ?? 0) ^ 1;
  return copy;
}

function withHeader(request: PeerHttpRequest, name: string, value: string): PeerHttpRequest {
  const headers = new Headers(request.headers);
  headers.set(name, value);
  return { ...request, headers };
}

function resigned(request: PeerHttpRequest, change: object): PeerHttpRequest {
  const signature = parseSignature(request.headers.get('abcd-signature') ?? '');
  if (signature === null) throw new Error('not signed');
  return withHeader(request, 'abcd-signature', formatSignature({ ...signature, ...change }));
}
