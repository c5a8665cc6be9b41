/**
 * Bodies of `/raft/snapshot` and `/raft/forward`, and of their answers. A piece of a snapshot is a
 * line of JSON and then the bytes as they are, with their CRC-32 in the line.
 */
import type { MemberId } from '../lib/ids.ts';
import { ApiError } from '../wire/errors.ts';
import {
  type Check,
  FORWARD_ANSWER_CHECK,
  FORWARD_CHECK,
  SNAPSHOT_ANSWER_CHECK,
  SNAPSHOT_HEAD_CHECK,
} from '../wire/raft-schemas.ts';
import type {
  ForwardAnswer,
  ForwardRequest,
  SnapshotChunk,
  SnapshotChunkAnswer,
} from './transport.ts';

/** The most bytes of a snapshot file in one request. */
export const SNAPSHOT_CHUNK_BYTES = 2 ** 20;
/** The first line of a piece: mostly the membership. */
const SNAPSHOT_HEAD_BYTES = 4 * 2 ** 20;
const NEWLINE = 0x0a;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function encodeSnapshotChunk(chunk: SnapshotChunk): Uint8Array<ArrayBuffer> {
  const { bytes, ...rest } = chunk;
  const head = utf8.encode(
    `${JSON.stringify({ ...rest, length: bytes.byteLength, crc: crc32(bytes) })}\n`,
  );
  const body = new Uint8Array(head.byteLength + bytes.byteLength);
  body.set(head);
  body.set(bytes, head.byteLength);
  return body;
}

/** @throws ApiError `bad-request` when it is malformed or its bytes have changed on the way. */
export function decodeSnapshotChunk(body: Uint8Array): SnapshotChunk {
  const headEnd = body.subarray(0, SNAPSHOT_HEAD_BYTES).indexOf(NEWLINE);
  if (headEnd === -1) throw malformed('the first line of a snapshot piece has no end');
  const head = parse(
    body.subarray(0, headEnd),
    SNAPSHOT_HEAD_CHECK,
    'the head of a snapshot piece',
  );
  const { length, crc, ...rest } = head;
  const bytes = body.subarray(headEnd + 1);
  if (length > SNAPSHOT_CHUNK_BYTES || bytes.byteLength !== length) {
    throw malformed(`a snapshot piece of ${bytes.byteLength} bytes instead of ${length}`);
  }
  if (rest.offset + length > rest.snapshot.bytes) {
    throw malformed(`a piece up to ${rest.offset + length} of ${rest.snapshot.bytes} bytes`);
  }
  if (crc32(bytes) !== crc) throw malformed('a snapshot piece whose CRC does not fit');
  return { ...rest, bytes };
}

export function encodeSnapshotAnswer({ term, nextOffset, done }: SnapshotChunkAnswer): string {
  return JSON.stringify({ term, nextOffset, done });
}

/** @throws ApiError `bad-request` */
export function decodeSnapshotAnswer(body: Uint8Array): SnapshotChunkAnswer {
  return parse(body, SNAPSHOT_ANSWER_CHECK, 'the answer to a snapshot piece');
}

/** A forwarded operation with the time that remains for it, in ms. */
export interface ForwardFrame {
  readonly request: ForwardRequest;
  readonly timeoutMs: number;
}

/** Sender and addressee are in the headers. */
export function encodeForward({ request, timeoutMs }: ForwardFrame): string {
  const { operation, requestId, body, correlation } = request;
  return JSON.stringify({ operation, requestId, body: body ?? null, correlation, timeoutMs });
}

/** @throws ApiError `bad-request` */
export function decodeForward(from: MemberId, to: MemberId, body: Uint8Array): ForwardFrame {
  const frame = parse(body, FORWARD_CHECK, 'a forwarded request');
  const { timeoutMs, ...request } = frame;
  return { request: { from, to, ...request }, timeoutMs };
}

export function encodeForwardAnswer({ ok, body }: ForwardAnswer): string {
  return JSON.stringify({ ok, body: body ?? null });
}

/** @throws ApiError `bad-request` */
export function decodeForwardAnswer(body: Uint8Array): ForwardAnswer {
  return parse(body, FORWARD_ANSWER_CHECK, 'the answer to a forwarded request');
}

function parse<T>(body: Uint8Array, check: Check<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(strictUtf8.decode(body));
  } catch {
    throw malformed(`${what} is not JSON`);
  }
  if (!check.Check(value)) throw malformed(`not ${what}`);
  return value;
}

function crc32(bytes: Uint8Array): string {
  return Bun.hash.crc32(bytes).toString(16).padStart(8, '0');
}

function malformed(detail: string): ApiError {
  return new ApiError('bad-request', `peer message: ${detail}`);
}
