/**
 * REQUESTS TO ALL ENDPOINTS, made of what the interface says of itself: the examples of the OpenAPI
 * document, in which something is spoilt.
 */
import type { Prng } from '../../../src/lib/prng.ts';
import type { Endpoint, Parameter } from '../../../src/wire/endpoint.ts';
import { ENDPOINTS } from '../../../src/wire/openapi.ts';
import { mutated, oddJson } from './mutate.ts';

export interface OddRequest {
  readonly id: string;
  readonly method: string;
  /** Path and query, of bytes as they may stand in a request line. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
}

/** Answers of these never end, or take as long as they are told to. */
const ENDLESS = new Set(['watch', 'getEvents', 'observeElection', 'getBackup']);
/** Would have a lasting effect on the cluster as it is meant to. */
const GRAVE = /cluster\/leader|node\/(campaign|step-down)|faults/;

const ODD_TEXTS = [
  '',
  '0',
  '-1',
  '1.5',
  '1e9',
  '9007199254740991',
  '99999999999999999999',
  '__proto__',
  'true',
  '30s',
  '1ms',
  '"5"',
  '*',
  'é',
  '%00',
  '%',
  '%zz',
  '%FF%FE',
  '%ED%A0%80',
  '..',
  '%2e%2e%2f',
  'a/b//c',
  'a+b',
  '<script>',
  '+',
  'x'.repeat(1025),
  '%E2%82%AC'.repeat(400),
];

export function oddRequest(prng: Prng, endpoints: readonly Endpoint[] = SOUND): OddRequest {
  const endpoint = prng.pick(endpoints);
  const { id, body } = endpoint;
  const given = (endpoint.parameters ?? []).filter(
    ({ required, in: place }) => required === true || place === 'path' || prng.chance(0.3),
  );
  const values = given.map((parameter) => [parameter, valueOf(prng, parameter)] as const);
  let path = endpoint.path;
  const query: string[] = [];
  const headers: (readonly [string, string])[] = [];
  for (const [{ name, in: place }, value] of values) {
    if (place === 'path') path = path.replace(`{${name}}`, value);
    else if (place === 'query') query.push(prng.chance(0.1) ? name : `${name}=${value}`);
    else headers.push([name, value]);
  }
  if (/range|deleteRange|watch/i.test(id) && prng.chance(0.7)) query.push('prefix=f');
  if (prng.chance(0.1)) query.push(prng.pick(['x', '__proto__=1', query[0] ?? 'a=1', '=', '&&']));
  const target = query.length === 0 ? path : `${path}?${query.join('&')}`;
  const content = body === undefined ? null : contentOf(prng, body);
  if (content !== null && body !== undefined) headers.push(['content-type', typeOf(prng, body)]);
  const method = prng.chance(0.03) ? prng.pick(['POST', 'PUT', 'DELETE', 'HEAD']) : endpoint.method;
  return { id, method: method.toUpperCase(), target, headers, body: content };
}

/** Those that may be asked anything: keys of their examples begin with f. */
export const SOUND: readonly Endpoint[] = ENDPOINTS.filter(
  ({ path, id }) => !GRAVE.test(path) && !path.startsWith('/raft/') && id !== 'restore',
);

export function isEndless({ id, target }: OddRequest): boolean {
  return ENDLESS.has(id) || /[?&](wait|after)/.test(target);
}

function valueOf(prng: Prng, { example, name }: Parameter): string {
  const known = encodeURIComponent(String(example)).replaceAll('%2F', '/');
  // What waits shall not wait for long.
  if (name === 'wait') return prng.pick(['1ms', '5ms', '', 'x', '-1s', '99h']);
  if (prng.chance(0.6)) return known;
  if (prng.chance(0.6)) return prng.pick(ODD_TEXTS);
  const spoilt = mutated(prng, Buffer.from(known)).toString('latin1');
  return spoilt.replaceAll(/[^\x21-\x7e]/g, (char) => {
    return `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function contentOf(prng: Prng, body: NonNullable<Endpoint['body']>): Buffer {
  const isJson = body.contentType === 'application/json';
  if (!isJson) return mutated(prng, Buffer.from(String(body.example)));
  const odd = Buffer.from(JSON.stringify(unhurried(oddJson(prng, body.example))) ?? '');
  return prng.chance(0.25) ? mutated(prng, odd) : odd;
}

/** A wait for a lock is not what is asked. */
function unhurried(value: unknown): unknown {
  const waits = typeof value === 'object' && value !== null && 'wait' in value;
  return waits && typeof value.wait === 'string' ? { ...value, wait: '1ms' } : value;
}

function typeOf(prng: Prng, body: NonNullable<Endpoint['body']>): string {
  return prng.chance(0.95)
    ? body.contentType
    : prng.pick(['text/plain', '', 'application/json; x']);
}
