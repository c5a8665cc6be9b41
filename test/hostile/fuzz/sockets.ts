/**
 * BYTES AT A REAL NODE: requests of the interface, written out and spoilt, over sockets, while a
 * bystander is served. The node answers or closes; what it says fits the error table; and it lives,
 * with its memory bounded.
 */
import { expect } from 'bun:test';
import type { Prng } from '../../../src/lib/prng.ts';
import { ERRORS } from '../../../src/wire/errors.ts';
import type { RawAnswer } from '../../support/raw-socket.ts';
import { memoryOf } from '../../support/watch-crowd.ts';
import { exchange } from '../support/row.ts';
import { Siege } from '../support/siege.ts';
import { type Cases, type Fuzzer, note } from './fuzzer.ts';
import { mutated } from './mutate.ts';
import { isEndless, type OddRequest, oddRequest, SOUND } from './requests.ts';

const AT_ONCE = 16;
/** What waits for more of a request is left alone. */
const PATIENCE_MS = 150;
const MIB = 2 ** 20;
/** Beyond what the node holds before the first of them. */
const MEMORY_MAX = 300 * MIB;
/** Of Bun's own answers there is nothing to read. */
const BUNS = new Set([0, 100, 400, 413, 431, 505]);
/** Would take the time of the fuzzer, or lasting room, as they are meant to. */
const HERE = SOUND.filter(({ path, id }) => {
  return !/locks|elections|members|leases/.test(path) && id !== 'getEvents' && id !== 'watch';
});

export const SOCKET_FUZZER: Fuzzer = {
  name: 'sockets',
  start: async (): Promise<Cases> => {
    const siege = await Siege.begin({ size: 1 });
    const memory = memoryOf(siege.node.pid);
    const seen = new Map<string, number>();
    const one = async (prng: Prng): Promise<void> => {
      const requests = Array.from({ length: AT_ONCE }, () => drawn(prng));
      const attack = async (): Promise<void> => {
        await Promise.all(
          requests.map(async (bytes) => {
            const answer = await exchange(bytes, siege.node.port, PATIENCE_MS);
            expectSense(answer, bytes);
            note(seen, String(answer.status));
          }),
        );
      };
      await siege.endure(attack);
      expect(memoryOf(siege.node.pid) - memory).toBeLessThan(MEMORY_MAX);
    };
    return { one, seen, end: () => siege[Symbol.asyncDispose]() };
  },
};

/** Asks to close afterwards, unless that is what was spoilt. */
function drawn(prng: Prng): Buffer {
  let request = oddRequest(prng, HERE);
  while (isEndless(request)) request = oddRequest(prng, HERE);
  const bytes = written(request);
  return prng.chance(0.6) ? mutated(prng, bytes) : bytes;
}

function written({ method, target, headers, body }: OddRequest): Buffer {
  const length = body === null ? [] : [`Content-Length: ${body.length}`];
  const fields = headers.map(([name, value]) => `${name}: ${value}`);
  const close = 'Connection: close';
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: localhost', close, ...fields, ...length];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  return Buffer.concat([head, body ?? Buffer.alloc(0)]);
}

/** What was spoilt may be two requests. */
function first({ body, headers }: RawAnswer): string {
  const length = headers.get('content-length');
  return length === undefined ? body : body.slice(0, Number(length));
}

function expectSense(answer: RawAnswer, bytes: Buffer): void {
  const { status, headers, body } = answer;
  if (status < 400 && status !== 0) return;
  if (headers.get('content-type') !== 'application/problem+json') {
    if (BUNS.has(status)) return;
    throw new Error(`${status} without a document: ${bytes.toString('latin1').slice(0, 1000)}`);
  }
  // Of an answer to HEAD there is the length alone, before whatever follows.
  if (body === '' || body.startsWith('HTTP/1.1 ')) return;
  const { code } = JSON.parse(first(answer)) as { code: keyof typeof ERRORS };
  const isKnown = Object.hasOwn(ERRORS, code) && ERRORS[code].status === status;
  // A request may ask for less time than there is.
  if (isKnown && (status < 500 || code === 'timeout' || code === 'read-timeout')) return;
  throw new Error(`${status} ${body}: ${bytes.toString('latin1').slice(0, 1000)}`);
}
