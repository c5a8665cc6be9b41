import { describe, expect, test } from 'bun:test';
import {
  decodeForward,
  decodeForwardAnswer,
  decodeSnapshotAnswer,
  decodeSnapshotChunk,
  encodeForward,
  encodeForwardAnswer,
  encodeSnapshotChunk,
  SNAPSHOT_CHUNK_BYTES,
} from '../../src/transport/frames.ts';
import { ApiError } from '../../src/wire/errors.ts';
import { A, B, snapshotChunk } from './samples.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('a piece with newlines and every byte in it', () => {
  const chunk = snapshotChunk(Uint8Array.from({ length: 512 }, (_, i) => i & 0xff));
  expect(decodeSnapshotChunk(encodeSnapshotChunk(chunk))).toEqual(chunk);
  const empty = snapshotChunk(new Uint8Array());
  expect(decodeSnapshotChunk(encodeSnapshotChunk(empty))).toEqual(empty);
});

test('every changed byte of a piece is noticed', () => {
  const body = encodeSnapshotChunk(snapshotChunk(Uint8Array.of(1, 2, 3, 4)));
  for (let at = body.length - 4; at < body.length; at += 1) {
    const bad = body.slice();
    bad[at] = (bad[at] ?? 0) ^ 0x10;
    expect(() => decodeSnapshotChunk(bad)).toThrow('CRC');
  }
});

test('a piece that is short, long, or past the end of its file', () => {
  const body = encodeSnapshotChunk(snapshotChunk(Uint8Array.of(1, 2, 3, 4)));
  expect(() => decodeSnapshotChunk(body.subarray(0, body.length - 1))).toThrow(ApiError);
  expect(() => decodeSnapshotChunk(Buffer.concat([body, Buffer.of(0)]))).toThrow(ApiError);
  expect(() => decodeSnapshotChunk(bytes('no line'))).toThrow(ApiError);
  const long = snapshotChunk(new Uint8Array(SNAPSHOT_CHUNK_BYTES + 1));
  expect(() => decodeSnapshotChunk(encodeSnapshotChunk(long))).toThrow(ApiError);
  const past = { ...snapshotChunk(Uint8Array.of(1)), offset: 10_000_000 };
  expect(() => decodeSnapshotChunk(encodeSnapshotChunk(past))).toThrow(ApiError);
});

test('a forwarded request takes sender and addressee from the headers', () => {
  const request = { from: A, to: B, operation: 'propose', requestId: 'x', body: [1, 'ÿ'] };
  const body = bytes(encodeForward({ request, timeoutMs: 12.5 }));
  expect(decodeForward(A, B, body)).toEqual({ request, timeoutMs: 12.5 });
  expect(() => decodeForward(A, B, bytes('{"operation":"x"}'))).toThrow(ApiError);
  expect(() => decodeForward(A, B, Uint8Array.of(0xff))).toThrow(ApiError);
});

describe('what finds a request in logs', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const decoded = (correlation: unknown) => {
    const frame = { operation: 'propose', requestId: '', body: null, timeoutMs: 1, correlation };
    return decodeForward(A, B, bytes(JSON.stringify(frame))).request.correlation;
  };

  test('goes along', () => {
    const correlation = { requestId: 'r_1', traceparent };
    const request = { from: A, to: B, operation: 'o', requestId: '', body: null, correlation };
    const body = bytes(encodeForward({ request, timeoutMs: 1 }));
    expect(decodeForward(A, B, body).request.correlation).toEqual(correlation);
    expect(decoded({ requestId: 'r_1', traceparent: null })).toBeDefined();
  });

  test.each([
    { requestId: 'a\nb', traceparent: null },
    { requestId: 'x'.repeat(65), traceparent: null },
    { requestId: 'r', traceparent: 'x' },
    { requestId: 'r' },
    null,
  ])('%j is refused: it is no such thing', (correlation) => {
    expect(() => decoded(correlation)).toThrow(ApiError);
  });
});

test('answers', () => {
  const nothing = { ok: true, body: undefined };
  expect(decodeForwardAnswer(bytes(encodeForwardAnswer(nothing)))).toEqual({
    ok: true,
    body: null,
  });
  expect(() => decodeForwardAnswer(bytes('{"ok":1,"body":null}'))).toThrow(ApiError);
  expect(() => decodeSnapshotAnswer(bytes('{"term":1,"nextOffset":-1,"done":true}'))).toThrow(
    ApiError,
  );
});
