import { expect } from 'bun:test';
import { type ErrorCode, ERRORS } from '../../../src/wire/errors.ts';
import { type RawAnswer, RawSocket } from '../../support/raw-socket.ts';
import type { Topic } from '../topics.ts';

/** One attack, and what must become of it. */
export interface Row {
  readonly topic: Topic;
  readonly what: string;
  /** What is sent over a connection of its own, byte for byte. */
  readonly send: Bytes | readonly Bytes[];
  /** The status; null: the connection ends without an answer. */
  readonly status: number | null;
  /** Of the problem document; none where the answer is Bun's own, or a success. */
  readonly code?: ErrorCode;
  /** Headers of the answer by their names in small letters; null: it must not be there. */
  readonly headers?: Readonly<Record<string, string | RegExp | null>>;
  /** In the body. */
  readonly body?: string | RegExp;
  /** Changes of keys that it makes nevertheless. */
  readonly revisions?: number;
}

export type Bytes = string | Uint8Array;

/** Where a request is sent, and what about it is unusual. */
export interface RequestOptions {
  readonly headers?: readonly string[];
  readonly body?: Bytes;
  /** The `Host` header, where it is not the usual one. */
  readonly host?: string;
}

const JSON_TYPE = 'Content-Type: application/json';

/** A request as it goes over the wire, with the length of its body. */
export function request(method: string, target: string, options: RequestOptions = {}): Uint8Array {
  const { headers = [], body, host = 'localhost' } = options;
  const bytes = Buffer.from(body ?? '');
  const length = body === undefined ? [] : [`Content-Length: ${bytes.length}`];
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, ...headers, ...length, '', ''];
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), bytes]);
}

/** A request with a body of JSON, or of what claims to be. */
export function json(
  method: string,
  target: string,
  body: unknown,
  headers: readonly string[] = [],
) {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const text = isRaw ? body : JSON.stringify(body);
  return request(method, target, { headers: [JSON_TYPE, ...headers], body: text });
}

/** The head of a request whose body is sent, or not, by other means. */
export function head(method: string, target: string, ...headers: readonly string[]): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
}

const ANSWERED_WITHIN_MS = 5000;

/** Sends the row to a node and holds the answer to it. */
export async function expectRow(row: Row, port: number): Promise<void> {
  const answer = await exchange(row.send, port);
  expect(answer.status).toBe(row.status ?? 0);
  if (row.status === null) expect(answer.closed).toBeTrue();
  if (row.code !== undefined) expectProblem(answer, row.code);
  for (const [name, expected] of Object.entries(row.headers ?? {})) {
    const actual = answer.headers.get(name) ?? null;
    if (expected instanceof RegExp) expect(actual).toMatch(expected);
    else expect(actual).toBe(expected);
  }
  if (row.body !== undefined) expect(answer.body).toMatch(row.body);
}

/** Sends the pieces, one after the other, and waits for the answer or the end. */
export async function exchange(
  send: Row['send'],
  port: number,
  patienceMs: number = ANSWERED_WITHIN_MS,
): Promise<RawAnswer> {
  const pieces = typeof send === 'string' || send instanceof Uint8Array ? [send] : send;
  const socket = await RawSocket.open(port);
  const late = setTimeout(() => socket.close(), patienceMs);
  try {
    for (const piece of pieces) socket.write(piece);
    return await socket.answer();
  } finally {
    clearTimeout(late);
    socket.close();
  }
}

/** Of the error table, word for word, and nothing of the inside of the node. */
function expectProblem(answer: RawAnswer, code: ErrorCode): void {
  const { status, title, applied } = ERRORS[code];
  const body: unknown = JSON.parse(answer.body);
  expect(body).toMatchObject({ type: `urn:abcd:error:${code}`, status, title, applied, code });
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.status).toBe(status);
  expect(answer.body).not.toMatch(/\.ts\b|node_modules|\bat [A-Za-z#.]+ \(/);
}
