import type { Prng } from '../../../src/lib/prng.ts';

/** Bytes in which something was flipped, cut, doubled, moved, or zeroed. */
export function mutated(prng: Prng, bytes: Uint8Array): Buffer {
  let result: Buffer = Buffer.from(bytes);
  const times = prng.pick([1, 1, 1, 2, 3, 8]);
  for (let n = 0; n < times; n += 1) result = prng.pick(MUTATIONS)(prng, result);
  return result;
}

type Mutation = (prng: Prng, bytes: Buffer) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  flip,
  flip,
  flip,
  (prng, bytes) => bytes.subarray(0, prng.between(0, bytes.length + 1)),
  (prng, bytes) => {
    const [start, end] = span(prng, bytes);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  (prng, bytes) => {
    const [start, end] = span(prng, bytes);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  (prng, bytes) => {
    const [start, end] = span(prng, bytes);
    const zeroed = Buffer.from(bytes);
    return zeroed.fill(prng.pick([0, 0, 0xff, 0x20, 0x0a]), start, end);
  },
  (prng, bytes) => {
    const at = prng.between(0, bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), noise(prng), bytes.subarray(at)]);
  },
];

function flip(prng: Prng, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const flipped = Buffer.from(bytes);
  const at = prng.between(0, bytes.length);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << prng.between(0, 8));
  return flipped;
}

/** Mostly short. */
function span(prng: Prng, bytes: Buffer): readonly [number, number] {
  const start = prng.between(0, bytes.length + 1);
  const most = prng.pick([4, 64, bytes.length]);
  return [start, Math.min(bytes.length, start + prng.between(0, most + 1))];
}

const SNIPPETS = [
  '\0',
  '\r\n',
  '\n',
  '"',
  '{',
  '[',
  '\\u0000',
  '%00',
  'é',
  '-1',
  '1e400',
  '__proto__',
];

function noise(prng: Prng): Buffer {
  if (prng.chance(0.5)) return Buffer.from(prng.pick(SNIPPETS));
  return Buffer.from(Array.from({ length: prng.between(1, 40) }, () => prng.between(0, 256)));
}

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  2 ** 53 - 1,
  '',
  '0',
  '-1',
  '__proto__',
  'constructor',
  '\ud800',
  '\0',
  '../..',
  '9223372036854775808',
  '30s',
  'é'.repeat(600),
  [],
  {},
  [[]],
  { base64: '*' },
  { base64: '/w==' },
];

/** A value of JSON in which some part was replaced, removed, added or doubled. */
export function oddJson(prng: Prng, value: unknown): unknown {
  if (prng.chance(0.15)) return prng.pick(ODD_VALUES);
  if (Array.isArray(value)) return oddList(prng, value);
  if (typeof value !== 'object' || value === null) {
    return prng.chance(0.5) ? value : prng.pick(ODD_VALUES);
  }
  const fields = Object.entries(value) as [string, unknown][];
  const chosen = prng.between(0, fields.length + 1);
  const changed = fields.flatMap(([name, field], i): [string, unknown][] => {
    if (i !== chosen) return [[name, field]];
    if (prng.chance(0.15)) return [];
    return [[prng.chance(0.1) ? `${name}x` : name, oddJson(prng, field)]];
  });
  if (chosen === fields.length) changed.push([prng.pick(['__proto__', 'x', '', 'key']), 1]);
  // A literal would take `__proto__` for something else.
  return Object.fromEntries(changed);
}

function oddList(prng: Prng, list: readonly unknown[]): unknown[] {
  const at = prng.between(0, list.length + 1);
  const item = list[at] ?? list[0];
  if (prng.chance(0.2)) return [...list.slice(0, at), ...list.slice(at + 1)];
  if (prng.chance(0.3)) return Array<unknown>(prng.pick([2, 3, 140])).fill(item);
  return list.toSpliced(at, 1, oddJson(prng, item));
}
