/** SEQUENCES OF OPERATIONS, drawn by chance: the same seed gives the same one. */

import type { ByteString } from '../../../src/lib/bytes.ts';
import type {
  Compare,
  DataOperation,
  Delete,
  Get,
  Planned,
  Put,
  RevisionRef,
  Sort,
  Span,
  Txn,
  Watch,
} from './operation.ts';
import { Random } from './random.ts';
import { isWellFormed } from './rules.ts';

/** Bytes, one character each: ordinary, numeric, of other languages' traps, not UTF-8 at all. */
const KEYS = [
  ['a', 'b', 'c', 'a/1', 'a/2', 'a/', '10', '9', '2', '__proto__', 'constructor', '/', '%2F'],
  ['a\0', '\0', '\0\0', 'a\xff', '\xff', '\xff\xff', ' ', '.', '..', '+', '?x=1&y', '#'],
  // An astral character in UTF-8, half of one, an overlong slash, and one of two bytes.
  ['\xf0\x9f\x98\x80', '\xed\xa0\x80', '\xc0\xaf', '\xc3\xa9'],
]
  .flat()
  .map(bytes);

const VALUES = ['', '', '1', '10', '9', 'x', '\0', '\xff\xfe', '{}', 'null'].map(bytes);
const LEASES = ['1', '7', '4037200794235010051', '9223372036854775807', '9007199254740993'];
const UNKNOWN_LEASE = '5555';
const TTLS = [1000, 3600, 86_400, 1_000_000, 9_000_000_000, 9_000_000_001];
const SORTS: readonly Sort[] = ['key', 'version', 'create', 'mod', 'value'];
const OPS = ['=', '!=', '<', '>'] as const;
const MAX_WATCHES = 8;

/** The operations of a sequence. */
export function sequenceOf(seed: number, length: number): Planned[] {
  const generator = new Generator(new Random(seed));
  return Array.from({ length }, () => generator.operation());
}

class Generator {
  readonly #random: Random;
  /** The few keys of this sequence, so that operations meet. */
  readonly #keys: readonly ByteString[];
  readonly #granted: string[] = [];
  #watches = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#keys = random.sample(KEYS, random.integer(3, 8));
  }

  operation(): Planned {
    const random = this.#random;
    const draw = random.weighted<() => Planned>([
      [26, () => this.#put()],
      [20, () => this.#get()],
      [9, () => this.#delete()],
      [26, () => this.#likelyTxn()],
      [1, () => this.#largeTxn()],
      [1.5, () => ({ type: 'compact', revision: this.#revision() })],
      [4, () => this.#grant()],
      [2, () => ({ type: 'lease-revoke', id: this.#lease() })],
      [1, () => ({ type: 'lease-keepalive', id: this.#lease() })],
      [3, () => ({ type: 'lease-get', id: this.#lease() })],
      [1, () => ({ type: 'lease-list' })],
      [this.#watches < MAX_WATCHES ? 5 : 0, () => this.#watch()],
    ]);
    return draw();
  }

  #key(): ByteString {
    return this.#random.chance(0.01) ? bytes('') : this.#random.pick(this.#keys);
  }

  #grant(): Planned {
    const id = this.#random.pick(LEASES);
    this.#granted.push(id);
    return { type: 'lease-grant', id, ttl: this.#random.pick(TTLS) };
  }

  /** Mostly one that was granted, though it may have been revoked. */
  #lease(): string {
    const isKnown = this.#granted.length > 0 && this.#random.chance(0.94);
    return isKnown ? this.#random.pick(this.#granted) : UNKNOWN_LEASE;
  }

  #revision(): RevisionRef {
    const random = this.#random;
    return random.weighted<() => RevisionRef>([
      [6, () => ({ at: 'now', plus: random.integer(-12, 0) })],
      [1, () => ({ at: 'now', plus: random.integer(1, 3) })],
      [2, () => ({ at: 'compacted', plus: random.integer(-2, 2) })],
      [0.3, () => ({ at: 'compacted', plus: -1_000_000 })],
    ])();
  }

  #span(): Span {
    const random = this.#random;
    const key = this.#key();
    return random.weighted<() => Span>([
      [5, () => ({ key })],
      [4, () => ranging(key, random.pick(this.#keys))],
      [2, () => prefixed(key)],
      [2, () => prefixed(bytes(key.slice(0, 1)))],
      [1.5, () => ({ key, open: true })],
      [1.5, () => ({ key: bytes('\0'), open: true })],
    ])();
  }

  #put(): Put {
    const random = this.#random;
    const keeps = random.chance(0.08);
    const ignoreValue = keeps && random.chance(0.6);
    const ignoreLease = keeps && (!ignoreValue || random.chance(0.4));
    // What is to be ignored may not be given; now and then it is.
    const isGiven = !ignoreValue || random.chance(0.1);
    const isAttached = random.chance(ignoreLease ? 0.1 : 0.25);
    return {
      type: 'put',
      key: this.#key(),
      value: isGiven ? random.pick(VALUES) : bytes(''),
      ...(isAttached ? { lease: this.#lease() } : {}),
      ...flag('prev', random.chance(0.3)),
      ...flag('ignoreValue', ignoreValue),
      ...flag('ignoreLease', ignoreLease),
    };
  }

  #get(): Get<RevisionRef> {
    const random = this.#random;
    const isSorted = random.chance(0.4);
    const filter = (): RevisionRef => ({ at: 'now', plus: random.integer(-15, 1) });
    return {
      type: 'get',
      ...this.#span(),
      ...(random.chance(0.3) ? { revision: this.#revision() } : {}),
      ...(random.chance(0.35) ? { limit: random.integer(0, 4) } : {}),
      ...(isSorted ? { sort: random.pick(SORTS) } : {}),
      ...(random.chance(isSorted ? 0.7 : 0.1) ? { order: random.pick(['asc', 'desc']) } : {}),
      ...(random.chance(0.1) ? { minModRevision: filter() } : {}),
      ...(random.chance(0.1) ? { maxModRevision: filter() } : {}),
      ...(random.chance(0.1) ? { minCreateRevision: filter() } : {}),
      ...(random.chance(0.1) ? { maxCreateRevision: filter() } : {}),
      ...flag('keysOnly', random.chance(0.12)),
      ...flag('countOnly', random.chance(0.08)),
    };
  }

  #delete(): Delete {
    return { type: 'delete', ...this.#span(), ...flag('prev', this.#random.chance(0.4)) };
  }

  #watch(): Watch<RevisionRef> {
    const random = this.#random;
    this.#watches += 1;
    const span = this.#span();
    const only = random.weighted([
      [6, {}],
      [1, { only: 'put' } as const],
      [1, { only: 'delete' } as const],
    ]);
    return {
      type: 'watch',
      ...(span.key === '' ? { key: bytes('\0'), open: true } : span),
      ...(random.chance(0.6) ? { from: this.#revision() } : {}),
      ...flag('prev', random.chance(0.5)),
      ...only,
    };
  }

  /** Most of those drawn at random meet themselves; a fourth of them is left to. */
  #likelyTxn(): Txn<RevisionRef> {
    let txn = this.#txn(0);
    if (this.#random.chance(0.25)) return txn;
    for (let attempt = 0; attempt < 12 && !isWellFormed(txn); attempt += 1) txn = this.#txn(0);
    return txn;
  }

  #txn(depth: number): Txn<RevisionRef> {
    const random = this.#random;
    return {
      type: 'txn',
      compare: random.list(0, 2, () => this.#compare()),
      success: random.list(0, depth === 0 ? 5 : 3, () => this.#txnOp(depth)),
      failure: random.list(0, depth === 0 ? 4 : 2, () => this.#txnOp(depth)),
    };
  }

  #txnOp(depth: number): DataOperation<RevisionRef> {
    return this.#random.weighted<() => DataOperation<RevisionRef>>([
      [5, () => this.#put()],
      [3, () => this.#get()],
      [2.5, () => this.#delete()],
      [depth < 3 ? 1.5 : 0, () => this.#txn(depth + 1)],
    ])();
  }

  #compare(): Compare<RevisionRef> {
    const random = this.#random;
    const span = random.chance(0.7) ? { key: this.#key() } : this.#span();
    const common = { ...span, op: random.pick(OPS) };
    const none: RevisionRef = { at: 'compacted', plus: -1_000_000 };
    const revision = (): RevisionRef => (random.chance(0.3) ? none : this.#revision());
    return random.weighted<() => Compare<RevisionRef>>([
      [3, () => ({ ...common, target: 'value', value: random.pick(VALUES) })],
      [2, () => ({ ...common, target: 'version', value: random.integer(0, 3) })],
      [2, () => ({ ...common, target: 'create', value: revision() })],
      [2, () => ({ ...common, target: 'mod', value: revision() })],
      [2, () => ({ ...common, target: 'lease', value: random.pick(['0', ...LEASES]) })],
    ])();
  }

  /** About as many operations as there may be, in one list or over a tree. */
  #largeTxn(): Txn<RevisionRef> {
    const random = this.#random;
    const gets = (count: number): Get<RevisionRef>[] =>
      Array.from({ length: count }, () => ({ type: 'get', key: this.#key(), countOnly: true }));
    const txn = (success: Txn<RevisionRef>['success'], compares = 0): Txn<RevisionRef> => ({
      type: 'txn',
      compare: Array.from({ length: compares }, () => this.#compare()),
      success,
      failure: [],
    });
    const near = random.integer(126, 130);
    const half = random.integer(60, 66);
    return random.weighted<() => Txn<RevisionRef>>([
      [1, () => txn(gets(near))],
      [1, () => ({ ...txn([]), failure: gets(near) })],
      [1, () => txn(gets(1), near)],
      [1, () => txn([...gets(half), txn(gets(half))])],
      [1, () => txn([txn(gets(half)), txn(gets(half))])],
      [1, () => txn([txn(gets(random.integer(20, 40)))], random.integer(90, 110))],
    ])();
  }
}

function bytes(text: string): ByteString {
  return text as ByteString;
}

function flag<K extends string>(name: K, isOn: boolean): { readonly [N in K]?: true } {
  return isOn ? ({ [name]: true } as { readonly [N in K]?: true }) : {};
}

/** An end of one zero byte is not drawn: etcd takes it for "everything from the key on". */
function ranging(key: ByteString, end: ByteString): Span {
  return end === '\0' ? { key, open: true } : { key, end };
}

/** All keys with a prefix, as clients of etcd ask for them. */
function prefixed(prefix: ByteString): Span {
  const stem = prefix.replace(/\u00ff+$/, '');
  if (stem === '') return { key: prefix, open: true };
  const last = String.fromCharCode(stem.charCodeAt(stem.length - 1) + 1);
  return ranging(prefix, bytes(stem.slice(0, -1) + last));
}
