import { describe, expect, test } from 'bun:test';
import type { Message } from '../../src/raft/message.ts';
import { DEFAULT_PEER_TIMEOUTS } from '../../src/transport/timeouts.ts';
import { type Transport, TransportError } from '../../src/transport/transport.ts';
import { ApiError } from '../../src/wire/errors.ts';
import { responseTypeOf, type WireRequest } from '../../src/wire/raft-codec.ts';
import { type ManualClock, nextTurn } from './manual-clock.ts';
import type { Recorder } from './recorder.ts';
import {
  A,
  appendRequest,
  B,
  putEntry,
  requests,
  responseTo,
  snapshotChunk,
  STRANGER,
} from './samples.ts';

/** Two connected transports, A and B, each with a recorder in place of its node. */
export interface TransportPair extends AsyncDisposable {
  readonly a: Transport;
  readonly b: Transport;
  readonly nodeA: Recorder;
  readonly nodeB: Recorder;
  readonly clock: ManualClock;
  /** B ends; A is not told. */
  stopB(): Promise<void>;
}

const forwarded = { from: A, to: B, operation: 'propose', requestId: 'r-1', body: { k: 'é' } };

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** What every Transport must do. */
export function transportContract(name: string, make: () => Promise<TransportPair>): void {
  describe(`${name}: messages`, () => {
    for (const request of requests()) {
      test(`${request.type} ${request.seq} arrives whole and so does its answer`, async () => {
        await using pair = await make();
        pair.nodeB.onRequest = (message) => pair.b.send(responseTo(message as WireRequest));
        pair.a.send(request);
        expect(await pair.nodeB.requests.next()).toEqual(request);
        expect(await pair.nodeA.responses.next()).toEqual(responseTo(request));
        expect(pair.nodeA.unreachable.all).toEqual([]);
        expect(pair.nodeB.responses.all).toEqual([]);
      });
    }

    test('answers given in another order reach the requests they belong to', async () => {
      await using pair = await make();
      const sent = requests();
      for (const request of sent) pair.a.send(request);
      for (const _ of sent) await pair.nodeB.requests.next();
      for (const request of [...sent].reverse()) pair.b.send(responseTo(request));
      for (const _ of sent) await pair.nodeA.responses.next();
      const bySeq = (x: Message, y: Message) => x.seq - y.seq;
      expect(pair.nodeA.responses.all.toSorted(bySeq)).toEqual(sent.map(responseTo));
    });

    test('both sides may ask at once', async () => {
      await using pair = await make();
      const back: WireRequest = { type: 'timeout-now', from: B, to: A, term: 7, seq: 1 };
      pair.nodeA.onRequest = (message) => pair.a.send(responseTo(message as WireRequest));
      pair.nodeB.onRequest = (message) => pair.b.send(responseTo(message as WireRequest));
      pair.a.send(appendRequest(1, [putEntry(5, 7)]));
      pair.b.send(back);
      expect((await pair.nodeA.responses.next()).type).toBe('append-response');
      expect(await pair.nodeB.responses.next()).toEqual(responseTo(back));
    });

    test('an answer that nobody waits for is dropped', async () => {
      await using pair = await make();
      const [request = appendRequest(1)] = requests();
      pair.nodeB.onRequest = (message) => {
        pair.b.send({ ...responseTo(message as WireRequest), seq: 999 });
        pair.b.send(responseTo(message as WireRequest));
        pair.b.send(responseTo(message as WireRequest));
      };
      pair.a.send(request);
      expect(await pair.nodeA.responses.next()).toEqual(responseTo(request));
      expect(pair.nodeA.responses.all.map(({ seq }) => seq)).toEqual([request.seq]);
    });

    test('the answer has the type of the request', () => {
      for (const request of requests()) {
        expect(responseTo(request).type).toBe(responseTypeOf(request.type));
      }
    });
  });

  describe(`${name}: what does not arrive`, () => {
    test('a request to an unknown member is reported, but not before send returns', async () => {
      await using pair = await make();
      const message = { ...appendRequest(1), to: STRANGER };
      pair.a.send(message);
      expect(pair.nodeA.unreachable.all).toEqual([]);
      await pair.clock.timers(1);
      pair.clock.advance(0);
      expect(await pair.nodeA.unreachable.next()).toEqual({ to: STRANGER, message });
    });

    test('a request to a member that is gone is reported', async () => {
      await using pair = await make();
      await pair.stopB();
      const message = appendRequest(1);
      pair.a.send(message);
      const report = pair.nodeA.unreachable.next();
      while (pair.nodeA.unreachable.all.length === 0) {
        pair.clock.advance(1);
        await nextTurn();
      }
      expect(await report).toEqual({ to: B, message });
    });

    test('a request that is not answered in time is reported, once', async () => {
      await using pair = await make();
      const heartbeat = appendRequest(1);
      const bulky = appendRequest(2, [putEntry(5, 7)]);
      pair.a.send(heartbeat);
      pair.a.send(bulky);
      await pair.nodeB.requests.next();
      await pair.nodeB.requests.next();
      pair.clock.advance(DEFAULT_PEER_TIMEOUTS.messageMs - 1);
      expect(pair.nodeA.unreachable.all).toEqual([]);
      pair.clock.advance(1);
      expect(await pair.nodeA.unreachable.next()).toEqual({ to: B, message: heartbeat });
      pair.clock.advance(DEFAULT_PEER_TIMEOUTS.appendMs);
      expect(await pair.nodeA.unreachable.next()).toEqual({ to: B, message: bulky });
      pair.b.send(responseTo(bulky));
      expect(pair.nodeA.unreachable.all.length).toBe(2);
      expect(pair.nodeA.responses.all).toEqual([]);
    });

    test('a closed transport reports nothing and does not throw', async () => {
      await using pair = await make();
      pair.a.send(appendRequest(1));
      await pair.nodeB.requests.next();
      await pair.a.close();
      pair.a.send(appendRequest(2));
      pair.b.send(responseTo(appendRequest(1)));
      pair.clock.advance(60_000);
      await nextTurn();
      expect(pair.nodeA.unreachable.all).toEqual([]);
      expect(pair.nodeA.responses.all).toEqual([]);
    });
  });

  describe(`${name}: calls`, () => {
    test('a piece of a snapshot arrives byte by byte', async () => {
      await using pair = await make();
      const bytes = Uint8Array.from({ length: 2 ** 20 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
      const seen: unknown[] = [];
      pair.nodeB.snapshot = (from, chunk) => {
        seen.push({ from, chunk: { ...chunk, bytes: Bun.hash.crc32(chunk.bytes) } });
        return Promise.resolve({ term: 7, nextOffset: chunk.offset + bytes.length, done: false });
      };
      const chunk = snapshotChunk(bytes);
      const answer = await pair.a.sendSnapshotChunk(B, chunk);
      expect(answer).toEqual({ term: 7, nextOffset: 4096 + 2 ** 20, done: false });
      expect(seen).toEqual([{ from: A, chunk: { ...chunk, bytes: Bun.hash.crc32(bytes) } }]);
    });

    test('a forwarded request arrives with what remains of its time', async () => {
      await using pair = await make();
      const seen: unknown[] = [];
      pair.nodeB.forward = (request, timeoutMs) => {
        seen.push({ request, timeoutMs });
        return Promise.resolve({ ok: true, body: { revision: 3, text: '\u0000ÿ' } });
      };
      const answer = await pair.a.forward(B, forwarded, 2000);
      expect(answer).toEqual({ ok: true, body: { revision: 3, text: '\u0000ÿ' } });
      expect(seen).toEqual([{ request: forwarded, timeoutMs: 2000 }]);
    });

    test('an expected failure of a forwarded request is an answer', async () => {
      await using pair = await make();
      pair.nodeB.forward = () => Promise.reject(new ApiError('no-leader', 'not I', { hint: null }));
      expect(await pair.a.forward(B, forwarded, 2000)).toEqual({
        ok: false,
        body: { code: 'no-leader', detail: 'not I', fields: { hint: null } },
      });
    });

    test('a call to a member that is unknown was certainly not sent', async () => {
      await using pair = await make();
      const calls = [
        pair.a.forward(STRANGER, { ...forwarded, to: STRANGER }, 1000),
        pair.a.sendSnapshotChunk(STRANGER, snapshotChunk(new Uint8Array(1))),
      ];
      for (const call of calls) {
        const error = await failure(call);
        expect(error).toBeInstanceOf(TransportError);
        expect((error as TransportError).sent).toBe(false);
      }
    });

    test('a call that is not answered in time may have been sent', async () => {
      await using pair = await make();
      const arrived = Promise.withResolvers<undefined>();
      pair.nodeB.forward = () => {
        arrived.resolve(undefined);
        return new Promise(() => undefined);
      };
      const call = failure(pair.a.forward(B, forwarded, 1000));
      await arrived.promise;
      pair.clock.advance(1000);
      const error = await call;
      expect(error).toBeInstanceOf(TransportError);
      expect((error as TransportError).sent).toBe(true);
    });
  });
}
