/** WHAT CLIENTS ASK FOR: drawn from all that the store can do, on few keys, so that they meet. */
import type { Compare, CompareOp, LeaseId, TxnOp } from '../kv/command.ts';
import { type ByteString, bytesOfText, EMPTY_BYTES } from '../lib/bytes.ts';
import type { Prng } from '../lib/prng.ts';
import type { KvProposal } from '../node/api.ts';
import type { Operation, Request } from './history.ts';

const OPS: readonly CompareOp[] = ['=', '!=', '<', '>'];
const NUMBERS = ['version', 'create', 'mod'] as const;
const DEPTH_MAX = 2;

/** How long leases live, s. */
const TTLS = [1, 2, 5, 10];

/** What one client asks for, and what it has learnt from the answers. */
export class Draw {
  readonly #prng: Prng;
  readonly #client: number;
  readonly #keys: readonly ByteString[];
  readonly #namesBy: 'count' | 'chance' | 'none';
  /** The modRevision of each key, as last heard; 0 when it was absent. */
  readonly #known = new Map<ByteString, number>();
  /** Leases that this client asked for, newest last. */
  readonly #leases: LeaseId[] = [];
  /** The newest revision it has heard of. */
  #revision = 1;
  #number = 0;

  constructor(prng: Prng, client: number, keys: readonly ByteString[]) {
    this.#prng = prng;
    this.#client = client;
    this.#keys = keys;
    this.#namesBy = prng.pick(['count', 'chance', 'none'] as const);
  }

  next(): Request {
    this.#number += 1;
    const kind = this.#prng.unit();
    if (kind < 0.36) return this.#read(kind);
    if (kind < 0.46) return this.#write(this.#delete());
    if (kind < 0.6) return this.#write(this.#txn());
    if (kind < 0.63) return this.#write(this.#compact());
    if (kind < 0.7) return this.#write(this.#lease());
    return this.#write(this.#put());
  }

  /** Keeps what the answer says, for what is asked next. */
  learn({ request, outcome }: Operation): void {
    if (outcome?.type === 'read') {
      for (const { key, modRevision } of outcome.seen.pairs) this.#learn(key, modRevision);
    }
    if (outcome?.type !== 'written' || request.type !== 'write') return;
    const { proposal } = request;
    const { result } = outcome;
    this.#revision = Math.max(this.#revision, result.revision);
    if (proposal.kind === 'put' && result.type === 'put') {
      this.#learn(proposal.key, result.revision);
    }
    if ('key' in proposal && result.type === 'condition-failed') {
      this.#known.set(proposal.key, result.modRevision);
    }
  }

  #learn(key: ByteString, modRevision: number): void {
    this.#known.set(key, modRevision);
    this.#revision = Math.max(this.#revision, modRevision);
  }

  get #name(): string {
    return `c${this.#client}-v${this.#number}`;
  }

  /** A put that has its value to itself needs no name; everything else does. */
  #write(proposal: KvProposal): Request {
    const name = this.#name;
    const names = { count: `c${this.#client}.${this.#number}`, chance: `${name}-n`, none: null };
    const value = proposal.kind === 'put' ? proposal.value : null;
    const requestId = names[this.#namesBy] ?? (value === null ? name : null);
    return { type: 'write', proposal, requestId, value };
  }

  #read(kind: number): Request {
    const prng = this.#prng;
    const key = this.#key();
    const serializable = prng.chance(0.2);
    const range = kind < 0.28 ? { key } : this.#range();
    const revision = kind < 0.22 || prng.chance(0.3) ? 0 : this.#someRevision();
    return { type: 'read', range, revision, serializable };
  }

  #put(): KvProposal {
    const prng = this.#prng;
    const key = this.#key();
    const text = this.#name + 'x'.repeat(this.#padding());
    const fields = { key, value: bytesOfText(text), condition: this.#condition(key) };
    const put = { kind: 'put', ...fields, prev: prng.chance(0.2) } as const;
    const how = prng.unit();
    if (how < 0.1) {
      const grant = { id: this.#newLease(), ttl: prng.pick(TTLS) };
      return { ...put, lease: grant.id, grant };
    }
    return how < 0.3 ? { ...put, lease: this.#someLease() } : put;
  }

  /** Some values are large, and a few are much larger than an append, a batch or a segment. */
  #padding(): number {
    const size = this.#prng.unit();
    if (size < 0.005) return this.#prng.between(10_000, 40_000);
    return size < 0.05 ? this.#prng.between(1, 2_000) : 0;
  }

  #delete(): KvProposal {
    const key = this.#key();
    const open = this.#prng.chance(0.2);
    const condition = this.#condition(key);
    return { kind: 'delete', key, end: null, open, condition, prev: this.#prng.chance(0.2) };
  }

  #compact(): KvProposal {
    return { kind: 'compact', revision: this.#someRevision() };
  }

  #lease(): KvProposal {
    const how = this.#prng.unit();
    const id = this.#someLease();
    if (id === null || how < 0.6) {
      return { kind: 'lease-grant', id: this.#newLease(), ttl: this.#prng.pick(TTLS) };
    }
    return how < 0.8 ? { kind: 'lease-revoke', id } : { kind: 'lease-keepalive', id };
  }

  #txn(): KvProposal {
    return { kind: 'txn', ...this.#branches(DEPTH_MAX, new Set()) };
  }

  /** No key is written twice on any way through: `written` has those of the parents. */
  #branches(depth: number, written: ReadonlySet<ByteString>) {
    const compare = this.#some(2, () => this.#compare());
    const success = this.#ops(depth, new Set(written));
    const failure = this.#ops(depth, new Set(written));
    return { compare, success, failure };
  }

  #ops(depth: number, written: Set<ByteString>): TxnOp[] {
    return this.#some(3, (at) => {
      const prng = this.#prng;
      const key = this.#key();
      const prev = prng.chance(0.3);
      // What is nested must come last: it may not touch what is written before or after it.
      if (depth > 0 && at === 0) return { type: 'txn', ...this.#branches(depth - 1, written) };
      if (prng.chance(0.3) || written.has(key)) return this.#get();
      written.add(key);
      if (prng.chance(0.3)) return { type: 'delete', key, prev };
      const value = bytesOfText(`${this.#name}-${at}`);
      return { type: 'put', key, value, lease: prng.chance(0.2) ? this.#someLease() : null, prev };
    });
  }

  /** One that cannot be read as of then keeps the whole transaction from being carried out. */
  #get(): TxnOp {
    const get = { type: 'get', ...this.#range() } as const;
    return this.#prng.chance(0.1) ? { ...get, revision: this.#someRevision() } : get;
  }

  #compare(): Compare {
    const prng = this.#prng;
    const key = this.#key();
    const op = prng.pick(OPS);
    const range = prng.chance(0.2) ? this.#range() : { key };
    const how = prng.unit();
    if (how < 0.2) return { ...range, target: 'value', op, value: bytesOfText(this.#name) };
    if (how < 0.3) return { ...range, target: 'lease', op, value: this.#someLease() ?? '0' };
    const target = prng.pick(NUMBERS);
    const known = this.#known.get(key) ?? 0;
    const value = target === 'version' ? prng.between(0, 3) : known;
    // As most clients ask: whether it is as it was, or whether it is not there.
    return prng.chance(0.7)
      ? { key, target: 'mod', op: '=', value: known }
      : { ...range, target, op, value };
  }

  #range() {
    const end = this.#prng.pick([null, this.#key()]);
    return end === null ? { key: this.#key(), open: true } : { key: EMPTY_BYTES, end };
  }

  #condition(key: ByteString) {
    if (!this.#prng.chance(0.3)) return null;
    const revision = this.#known.get(key) ?? 0;
    if (revision === 0) return { type: 'absent' } as const;
    return { type: 'mod-revision', revision } as const;
  }

  /** Mostly of the near past; now and then of the future. */
  #someRevision(): number {
    const back = Math.floor(this.#prng.exponential(10));
    return Math.max(1, this.#revision + 2 - back);
  }

  #key(): ByteString {
    return this.#prng.pick(this.#keys);
  }

  /** An id that nobody else asks for. */
  #newLease(): LeaseId {
    const id = String(this.#client * 1_000_000 + this.#number) as LeaseId;
    this.#leases.push(id);
    return id;
  }

  #someLease(): LeaseId | null {
    const recent = this.#leases.slice(-4);
    return recent.length === 0 ? null : this.#prng.pick(recent);
  }

  #some<T>(most: number, make: (left: number) => T): T[] {
    const count = this.#prng.between(0, most + 1);
    return Array.from({ length: count }, (_, at) => make(count - 1 - at));
  }
}
