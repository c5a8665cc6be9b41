import type {
  AppliedResult,
  Compare,
  KeyRange,
  KeyValue,
  KvCommand,
  KvResult,
  LeaseGrant,
  LeaseId,
  PutFields,
  RangeOptions,
  TxnFields,
  TxnOp,
  TxnOpResult,
} from '../../../src/kv/command.ts';
import type { KvChange } from '../../../src/kv/event.ts';
import { MAX_LEASES } from '../../../src/kv/leases.ts';
import type { SessionLimits } from '../../../src/kv/session.ts';
import type { ByteString } from '../../../src/lib/bytes.ts';
import { ModelSessions } from './model-sessions.ts';

interface ModelLease {
  ttl: number;
  remaining: number;
  epoch: number;
}

/** An operation on the way that is taken; of a transaction, whether its compares held. */
type Step = TxnOp & { readonly won?: boolean };

type Fault = Extract<AppliedResult, { revision: number }>;

/**
 * The state machine that is obviously right and slow: a list of all that ever happened, from which
 * everything is worked out anew each time. What is compacted is not removed, just not shown.
 */
export class Model {
  readonly leases = new Map<LeaseId, ModelLease>();
  readonly #sessions: ModelSessions;
  /** Every version ever; a delete leaves one with the number 0. */
  readonly #all: KeyValue[] = [];
  #revision = 1;
  #compactRevision = 0;
  #term = 0;
  #index = 0;

  constructor(limits: SessionLimits) {
    this.#sessions = new ModelSessions(limits);
  }

  get revision(): number {
    return this.#revision;
  }

  get compactRevision(): number {
    return this.#compactRevision;
  }

  apply(command: KvCommand, term: number): KvResult {
    this.#index += 1;
    this.#term = term;
    const { requestId, at } = command;
    this.#sessions.advance(at);
    const carryOut = (): AppliedResult => this.#carryOut(command);
    if (requestId === null) return carryOut();
    const isGranted = command.kind === 'put' && command.grant;
    // The id was made up on the way.
    const asked = isGranted ? { ...command, lease: null, grant: command.grant?.ttl } : command;
    const content = JSON.stringify({ ...asked, at: null, requestId: null });
    const outcome = this.#sessions.once(requestId, content, carryOut);
    return typeof outcome === 'string' ? { type: outcome, revision: this.#revision } : outcome;
  }

  /** The pairs of a range as of a revision, by the bytes of their keys. */
  at(range: KeyRange, revision: number): KeyValue[] {
    const newest = new Map<ByteString, KeyValue>();
    for (const version of this.#all) {
      if (version.modRevision <= revision && within(range, version.key)) {
        newest.set(version.key, version);
      }
    }
    return [...newest.values()]
      .filter(({ version }) => version > 0)
      .toSorted((a, b) => order(a.key, b.key));
  }

  /** What can still be asked about a key, newest first. */
  history(key: ByteString): KeyValue[] {
    const own = this.#all.filter((version) => version.key === key);
    return own.filter((version) => this.#isKept(version)).toReversed();
  }

  /** What is kept only for history. */
  past(): KeyValue[] {
    const present = this.at(EVERYTHING, Number.POSITIVE_INFINITY);
    return this.#all.filter((version) => this.#isKept(version) && !present.includes(version));
  }

  changes(range: KeyRange, from: number): KvChange[] {
    const changes: KvChange[] = [];
    for (let revision = from; revision <= this.#revision; revision += 1) {
      const versions = this.#all.filter((version) => version.modRevision === revision);
      const events = versions
        .filter(({ key }) => within(range, key))
        .map((kv) => ({
          type: kv.version === 0 ? ('delete' as const) : ('put' as const),
          kv,
          prev:
            revision - 1 < this.#compactRevision
              ? null
              : (this.at({ key: kv.key }, revision - 1)[0] ?? null),
        }));
      if (events.length > 0) changes.push({ revision, events });
    }
    return changes;
  }

  query(range: KeyRange, options: RangeOptions): TxnOpResult | Fault {
    const revision = options.revision ?? 0;
    if (revision !== 0 && revision < this.#compactRevision) {
      const compactRevision = this.#compactRevision;
      return { type: 'compacted', revision: this.#revision, compactRevision };
    }
    if (revision > this.#revision) return { type: 'future-revision', revision: this.#revision };
    return this.#get(range, options, this.#revision);
  }

  /** Whether a read at the compact revision or later, or a watch from there, can meet it. */
  #isKept(version: KeyValue): boolean {
    const next = this.#all.find(
      (other) => other.key === version.key && other.modRevision > version.modRevision,
    );
    if (version.modRevision >= this.#compactRevision) return true;
    return version.version > 0 && (next === undefined || next.modRevision > this.#compactRevision);
  }

  #carryOut(command: KvCommand): AppliedResult {
    const revision = this.#revision;
    switch (command.kind) {
      case 'put':
      case 'delete': {
        const modRevision = this.at({ key: command.key }, revision)[0]?.modRevision ?? 0;
        const { condition } = command;
        const wanted = condition?.type === 'mod-revision' ? condition.revision : 0;
        if (condition !== null && modRevision !== wanted) {
          return { type: 'condition-failed', revision, modRevision };
        }
        const op = { ...command, type: command.kind } as TxnOp;
        const grant = command.kind === 'put' ? (command.grant ?? null) : null;
        return this.#granting(grant, [op], () => this.#perform(op));
      }
      case 'txn': {
        const [flat, succeeded] = this.#decide(command);
        const grant = succeeded ? (command.grant ?? null) : null;
        return this.#granting(grant, flat, () => this.#performAll(flat, succeeded));
      }
      case 'compact':
        if (command.revision <= this.#compactRevision) {
          const compactRevision = this.#compactRevision;
          return { type: 'compacted', revision, compactRevision };
        }
        if (command.revision > revision) return { type: 'future-revision', revision };
        this.#compactRevision = command.revision;
        return { type: 'compact', revision, compactRevision: command.revision };
      case 'remember':
        return { type: 'remembered', revision, answer: command.answer };
      default:
        return this.#lease(command);
    }
  }

  /** Does what has no fault, with a lease that is there from the start, or was never there. */
  #granting(grant: LeaseGrant | null, ops: readonly Step[], perform: () => object): AppliedResult {
    if (grant === null) {
      const [fault = null] = this.#faults(ops);
      return fault ?? (this.#writing(perform) as AppliedResult);
    }
    const { id, ttl } = grant;
    const revision = this.#revision;
    if (this.leases.has(id)) return { type: 'lease-exists', revision };
    if (this.leases.size >= MAX_LEASES) return { type: 'too-many-leases', revision };
    this.leases.set(id, { ttl, remaining: ttl * 1000, epoch: this.#index });
    const [fault = null] = this.#faults(ops);
    if (fault !== null) this.leases.delete(id);
    return fault ?? ({ ...this.#writing(perform), granted: id } as AppliedResult);
  }

  #lease(command: Extract<KvCommand, { kind: `lease-${string}` }>): AppliedResult {
    const revision = this.#revision;
    if (command.kind === 'lease-checkpoint') {
      let count = 0;
      for (const { id, epoch, remaining } of command.leases) {
        const lease = this.leases.get(id);
        if (command.term < this.#term || lease?.epoch !== epoch) continue;
        if (remaining >= lease.remaining) continue;
        lease.remaining = remaining;
        count += 1;
      }
      return { type: 'lease-checkpointed', revision, count };
    }
    const { id } = command;
    const lease = this.leases.get(id);
    if (command.kind === 'lease-grant') {
      if (lease !== undefined) return { type: 'lease-exists', revision };
      if (this.leases.size >= MAX_LEASES) return { type: 'too-many-leases', revision };
      const { ttl } = command;
      this.leases.set(id, { ttl, remaining: ttl * 1000, epoch: this.#index });
      return { type: 'lease-granted', revision, id, ttl };
    }
    if (lease === undefined) return { type: 'lease-not-found', revision };
    if (command.kind === 'lease-keepalive') {
      lease.remaining = lease.ttl * 1000;
      lease.epoch = this.#index;
      return { type: 'lease-kept', revision, id, ttl: lease.ttl };
    }
    if (command.kind === 'lease-expire') {
      const isVoid = command.epoch !== lease.epoch || command.term < this.#term;
      if (isVoid) return { type: 'lease-alive', revision, id };
    }
    const keys = this.keysOf(id);
    this.leases.delete(id);
    this.#writing(() => keys.map((key) => this.#perform({ type: 'delete', key })));
    const type = command.kind === 'lease-revoke' ? 'lease-revoked' : 'lease-expired';
    return { type, revision: this.#revision, id, deleted: keys.length };
  }

  keysOf(id: LeaseId): ByteString[] {
    const pairs = this.at(EVERYTHING, Number.POSITIVE_INFINITY);
    return pairs.filter(({ lease }) => lease === id).map(({ key }) => key);
  }

  /** Everything that is written meanwhile has the next revision. */
  #writing<T>(write: () => T): T {
    const before = this.#all.length;
    const result = write();
    if (this.#all.length > before) this.#revision += 1;
    return result;
  }

  /** The operations on the way that is taken, in place of nested transactions what they come to. */
  #decide(txn: TxnFields): [steps: Step[], succeeded: boolean] {
    const succeeded = txn.compare.every((compare) => this.#holds(compare));
    const ops = (succeeded ? txn.success : txn.failure).map((op): Step => {
      if (op.type !== 'txn') return op;
      const [inner, won] = this.#decide(op);
      return {
        type: 'txn',
        compare: [],
        success: won ? inner : [],
        failure: won ? [] : inner,
        won,
      };
    });
    return [ops, succeeded];
  }

  #holds(compare: Compare): boolean {
    const zero = { createRevision: 0, modRevision: 0, version: 0, lease: null, value: null };
    const pairs = this.at(compare, Number.POSITIVE_INFINITY);
    return (pairs.length === 0 ? [zero] : pairs).every((pair) => {
      const { target, op, value } = compare;
      const own = {
        value: pair.value,
        version: pair.version,
        create: pair.createRevision,
        mod: pair.modRevision,
        lease: BigInt(pair.lease ?? 0),
      }[target];
      if (own === null) return false;
      const sign =
        typeof own === 'string' ? order(own, value as string) : Number(own) - Number(value);
      return { '=': sign === 0, '!=': sign !== 0, '<': sign < 0, '>': sign > 0 }[op];
    });
  }

  *#faults(ops: readonly Step[]): Generator<Fault> {
    const revision = this.#revision;
    for (const op of ops) {
      if (op.type === 'txn') yield* this.#faults([...op.success, ...op.failure]);
      if (op.type === 'put') {
        const isThere = this.at({ key: op.key }, revision).length > 0;
        if ((op.ignoreValue || op.ignoreLease) && !isThere) {
          yield { type: 'key-not-found', revision };
        }
        if (op.lease && !this.leases.has(op.lease)) yield { type: 'lease-not-found', revision };
      }
      if (op.type === 'get') {
        const result = this.query(op, op);
        if (result.type !== 'get') yield result;
      }
    }
  }

  /** The store's revision if nothing more is written. */
  #now(): number {
    return Math.max(this.#revision, this.#all.at(-1)?.modRevision ?? 0);
  }

  #performAll(ops: readonly Step[], succeeded: boolean): TxnOpResult {
    const results = ops.map((op) => this.#perform(op));
    return { type: 'txn', revision: this.#now(), succeeded, results };
  }

  #perform(op: Step): TxnOpResult {
    if (op.type === 'txn') return this.#performAll([...op.success, ...op.failure], op.won === true);
    if (op.type === 'get') return this.#get(op, op, Number.POSITIVE_INFINITY);
    if (op.type === 'put') return this.#put(op);
    const gone = this.at(op, Number.POSITIVE_INFINITY);
    for (const { key } of gone) {
      const rest = { createRevision: 0, version: 0, lease: null, value: '' as ByteString };
      this.#all.push({ key, ...rest, modRevision: this.#revision + 1 });
    }
    const prev = op.prev ? gone : [];
    return { type: 'delete', revision: this.#now(), deleted: gone.length, prev };
  }

  #put(op: PutFields): TxnOpResult {
    const { key } = op;
    const [now] = this.at({ key }, Number.POSITIVE_INFINITY);
    const modRevision = this.#revision + 1;
    this.#all.push({
      key,
      value: op.ignoreValue && now ? now.value : op.value,
      createRevision: now?.createRevision ?? modRevision,
      modRevision,
      version: (now?.version ?? 0) + 1,
      lease: op.ignoreLease && now ? now.lease : (op.lease ?? null),
    });
    const prev = op.prev ? (now ?? null) : null;
    return { type: 'put', revision: modRevision, created: now === undefined, prev };
  }

  #get(range: KeyRange, options: RangeOptions, newest: number): TxnOpResult {
    const all = this.at(range, options.revision || newest);
    const page = { type: 'get', revision: this.#now(), count: all.length } as const;
    if (options.countOnly) return { ...page, kvs: [], more: false };
    const passed = all.filter(
      ({ modRevision, createRevision }) =>
        modRevision >= (options.minModRevision ?? 0) &&
        modRevision <= (options.maxModRevision || Number.POSITIVE_INFINITY) &&
        createRevision >= (options.minCreateRevision ?? 0) &&
        createRevision <= (options.maxCreateRevision || Number.POSITIVE_INFINITY),
    );
    const sorted = passed.toSorted((a, b) => {
      const by = {
        key: 0,
        version: a.version - b.version,
        create: a.createRevision - b.createRevision,
        mod: a.modRevision - b.modRevision,
        value: order(a.value, b.value),
      }[options.sort ?? 'key'];
      return by === 0 ? order(a.key, b.key) : by;
    });
    if (options.order === 'desc') sorted.reverse();
    const kvs = options.limit ? sorted.slice(0, options.limit) : sorted;
    return {
      ...page,
      kvs: options.keysOnly ? kvs.map((pair) => ({ ...pair, value: '' as ByteString })) : kvs,
      more: sorted.length > kvs.length,
    };
  }
}

export const EVERYTHING: KeyRange = { key: '' as ByteString, open: true };

function within({ key: start, end = null, open = false }: KeyRange, key: ByteString): boolean {
  if (end === null && !open) return key === start;
  return order(key, start) >= 0 && (end === null || order(key, end) < 0);
}

/** By bytes. */
function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
}
