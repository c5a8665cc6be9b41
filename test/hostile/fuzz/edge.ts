/**
 * THE EDGE, in process: whatever is asked, the answer is a success or a document of the error
 * table that fits its status; nothing unforeseen is logged; and what says that it was not applied
 * was not. And the decoder of paths against another that is written down plainly.
 */
import type { Prng } from '../../../src/lib/prng.ts';
import { percentDecode } from '../../../src/http/request/key.ts';
import { ApiError, type ErrorCode, ERRORS } from '../../../src/wire/errors.ts';
import { FakeFaults } from '../../support/fake-node.ts';
import { type TestApp, testApp } from '../../support/http.ts';
import { type Cases, type Fuzzer, note } from './fuzzer.ts';
import { mutated } from './mutate.ts';
import { isEndless, type OddRequest, oddRequest } from './requests.ts';

/** What has not been answered by then is left alone, as by a client that goes away. */
const PATIENCE_MS = 200;
const FRESH_AFTER = 2000;
const LATE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['timeout', 'read-timeout']);
/** Who waits for a lock in vain, or goes away, has had a place in the queue and given it up. */
const QUEUED = /^POST \/(locks|elections)\//;

export const EDGE_FUZZER: Fuzzer = {
  name: 'edge',
  start: (): Cases => {
    const seen = new Map<string, number>();
    let app = freshApp();
    let asked = 0;
    const one = async (prng: Prng): Promise<void> => {
      asked += 1;
      if (asked % FRESH_AFTER === 0) app = freshApp();
      const request = prng.chance(0.15) ? await nextPage(prng, app) : oddRequest(prng);
      note(seen, await ask(app, request));
    };
    return { one, seen };
  },
};

function freshApp(): TestApp {
  const app = testApp();
  app.node.faults = new FakeFaults();
  return app;
}

/** @throws when the answer is not one that may be given; else what it was */
async function ask(app: TestApp, request: OddRequest): Promise<string> {
  const { node, logged } = app;
  // What is remembered of named requests changes with refused ones too.
  const look = (): string => `${node.store.revision} ${node.store.leaseCount}`;
  const before = look();
  const gone = new AbortController();
  const { method, target, headers, body } = request;
  const url = `http://n1${target}`;
  if (!URL.canParse(url)) return 'no URL';
  const init: RequestInit = { method, headers: headersOf(headers), signal: gone.signal };
  if (body !== null && method !== 'GET' && method !== 'HEAD') init.body = Uint8Array.from(body);
  const late = setTimeout(() => gone.abort(), PATIENCE_MS);
  const never = Promise.withResolvers<never>();
  const end = setTimeout(
    () => never.reject(new Error(`never answered: ${describe(request)}`)),
    5000,
  );
  const asked = async (): Promise<string> => {
    const answer = await app.app.handle(new Request(url, init));
    if (logged.length > 0) throw new Error(`${describe(request)}: ${JSON.stringify(logged)}`);
    await judge(answer, request, () => look() === before);
    return `${request.id} ${answer.status}`;
  };
  try {
    return await Promise.race([asked(), never.promise]);
  } finally {
    clearTimeout(late);
    clearTimeout(end);
    gone.abort();
  }
}

async function judge(
  answer: Response,
  request: OddRequest,
  isUnchanged: () => boolean,
): Promise<void> {
  const { status, headers } = answer;
  if (status < 400) {
    if (isEndless(request)) await answer.body?.cancel();
    else await answer.bytes();
    return;
  }
  const text = await answer.text();
  const fail = (why: string): never => {
    throw new Error(`${describe(request)}: ${why}: ${status} ${text.slice(0, 500)}`);
  };
  if (request.method === 'HEAD' && text === '') return;
  if (headers.get('content-type') !== 'application/problem+json') fail('no problem document');
  const problem = JSON.parse(text) as { code: ErrorCode; status: number; applied: string };
  if (!Object.hasOwn(ERRORS, problem.code)) fail('a code that nobody knows');
  const known = ERRORS[problem.code];
  if (known.status !== status || problem.status !== status) fail('another status');
  if (known.applied !== problem.applied) fail('another promise');
  if (status >= 500 && !LATE.has(problem.code)) fail('a fault');
  if (
    problem.applied === 'no' &&
    !QUEUED.test(`${request.method} ${request.target}`) &&
    !isUnchanged()
  ) {
    fail('applied all the same');
  }
}

/** The page after a real one, by a cursor that was spoilt. */
async function nextPage(prng: Prng, app: TestApp): Promise<OddRequest> {
  for (const key of ['fa', 'fb', 'fc']) await app.send('PUT', `/kv/${key}`, { body: '1' });
  const answer = await app.send('GET', '/kv?prefix=f&limit=1');
  const { next } = (await answer.json()) as { next: string };
  const cursor = prng.chance(0.2) ? next : spoiltToken(prng, next);
  const rest = prng.pick(['', '', '&limit=2', '&order=desc', '&keysOnly', '&revision=1']);
  const target = `/kv?prefix=${prng.pick(['f', 'f', 'fa'])}&cursor=${cursor}${rest}`;
  return { id: 'cursor', method: 'GET', target, headers: [], body: null };
}

function spoiltToken(prng: Prng, token: string): string {
  const isText = prng.chance(0.5);
  if (isText) return encodeURIComponent(mutated(prng, Buffer.from(token)).toString('latin1'));
  return mutated(prng, Buffer.from(token, 'base64url')).toString('base64url');
}

function headersOf(pairs: OddRequest['headers']): Headers {
  const headers = new Headers({ host: 'n1' });
  for (const [name, value] of pairs) {
    // What cannot stand in a header never gets here.
    if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) headers.append(name, value);
  }
  return headers;
}

function describe({ method, target, headers, body }: OddRequest): string {
  return `${method} ${target} ${JSON.stringify(headers)} ${body?.toString('latin1').slice(0, 500)}`;
}

export const PATH_FUZZER: Fuzzer = {
  name: 'path',
  start: (): Cases => {
    const seen = new Map<string, number>();
    const pieces = [
      '%',
      '%4',
      '%41',
      '%zz',
      '%FF',
      '%00',
      '%2F',
      '/',
      'a',
      '#',
      ' ',
      'é',
      '%%',
      '?',
      '\0',
    ];
    const one = (prng: Prng): void => {
      const length = prng.between(0, 12);
      let raw = Array.from({ length }, () => prng.pick(pieces)).join('');
      if (prng.chance(0.3)) raw = mutated(prng, Buffer.from(raw)).toString('latin1');
      const expected = plainlyDecoded(raw);
      const actual = decoded(raw);
      const found = `${JSON.stringify(raw)}: ${actual}, not ${expected}`;
      if (actual !== expected) throw new Error(found);
      note(seen, actual === null ? 'refused' : 'decoded');
    };
    return { one, seen };
  },
};

function decoded(raw: string): string | null {
  try {
    return percentDecode(raw);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'bad-key') return null;
    throw error;
  }
}

/** One character after the other, by RFC 3986 section 2.1; null for what has to be encoded. */
function plainlyDecoded(raw: string): string | null {
  let bytes = '';
  for (let at = 0; at < raw.length; at += 1) {
    const char = raw.charAt(at);
    if (char === '%') {
      const hex = raw.slice(at + 1, at + 3);
      if (!/^[0-9a-f]{2}$/i.test(hex)) return null;
      bytes += String.fromCharCode(Number.parseInt(hex, 16));
      at += 2;
    } else if (char === '#' || char <= ' ' || char > '~') return null;
    else bytes += char;
  }
  return bytes;
}
