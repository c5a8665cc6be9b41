/**
 * THE STATE MACHINE A SECOND TIME, slow and as simple as possible: a list of all versions of each
 * key, from which everything is worked out anew. What is compacted is not removed, just not shown.
 * It knows commands, not requests: exactly-once is for whoever feeds it.
 */
import type {
  AppliedResult,
  Compare,
  DeleteCommand,
  FailedResult,
  KeyRange,
  KeyValue,
  KvCommand,
  LeaseGrant,
  LeaseId,
  PutCommand,
  PutFields,
  RangeOptions,
  TxnCommand,
  TxnFields,
  TxnOp,
  TxnOpResult,
} from '../../kv/command.ts';
import { MAX_LEASES } from '../../kv/leases.ts';
import { FIRST_REVISION } from '../../kv/store.ts';
import type { ByteString } from '../../lib/bytes.ts';

export interface ModelLease {
  ttl: number;
  /** Ms. */
  remaining: number;
  epoch: number;
}

type LeaseCommand = Extract<KvCommand, { kind: `lease-${string}` }>;

/** An operation on the way that was taken; nested ones have only that way. */
type Step =
  | Exclude<TxnOp, { type: 'txn' }>
  | { readonly type: 'taken'; readonly succeeded: boolean; readonly steps: readonly Step[] };

/** Pairs of a range, and how many it has before limit and filters. */
export interface ModelPage {
  readonly count: number;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
}

/** All versions that one revision wrote, in order; a delete's has the version 0. */
export interface ModelChange {
  readonly revision: number;
  readonly versions: readonly KeyValue[];
}

export class KvModel {
  readonly leases = new Map<LeaseId, ModelLease>();
  readonly changes: ModelChange[] = [];
  readonly #versions = new Map<ByteString, KeyValue[]>();
  /** What the command under way has written. */
  #writing: KeyValue[] = [];
  #revision = FIRST_REVISION;
  #compactRevision = 0;

  get revision(): number {
    return this.#revision;
  }

  get compactRevision(): number {
    return this.#compactRevision;
  }

  apply(command: KvCommand, index: number, term: number): AppliedResult {
    const result = this.#carryOut(command, index, term);
    if (this.#writing.length > 0) {
      this.#revision += 1;
      this.changes.push({ revision: this.#revision, versions: this.#writing });
      this.#writing = [];
    }
    return result;
  }

  /** A key as of a revision; null when it was absent. */
  pairAt(key: ByteString, revision: number): KeyValue | null {
    const versions = this.#versions.get(key) ?? [];
    const pair = versions.findLast(({ modRevision }) => modRevision <= revision);
    return pair === undefined || pair.version === 0 ? null : pair;
  }

  /** The pairs of a range as of a revision, by the bytes of their keys. */
  at(range: KeyRange, revision: number): KeyValue[] {
    const keys = [...this.#versions.keys()].filter((key) => isWithin(range, key)).sort();
    return keys.flatMap((key) => this.pairAt(key, revision) ?? []);
  }

  keysOf(lease: LeaseId): ByteString[] {
    const all = this.at(EVERYTHING, Number.POSITIVE_INFINITY);
    return all.filter((pair) => pair.lease === lease).map(({ key }) => key);
  }

  #carryOut(command: KvCommand, index: number, term: number): AppliedResult {
    const revision = this.#revision;
    switch (command.kind) {
      case 'put':
      case 'delete':
        return this.#write(command, index);
      case 'txn':
        return this.#txn(command, index);
      case 'compact':
        return this.#compact(command.revision);
      case 'remember':
        return { type: 'remembered', revision, answer: command.answer };
      default:
        return this.#lease(command, index, term);
    }
  }

  #write(command: PutCommand | DeleteCommand, index: number): AppliedResult {
    const { key, condition } = command;
    const modRevision = this.pairAt(key, this.#revision)?.modRevision ?? 0;
    const wanted = condition?.type === 'mod-revision' ? condition.revision : 0;
    if (condition !== null && modRevision !== wanted) {
      return { type: 'condition-failed', revision: this.#revision, modRevision };
    }
    if (command.kind === 'delete') return this.#delete(command, command.prev);
    const grant = command.grant ?? null;
    const fault = this.#faultOfGrant(grant) ?? this.#faultOfPut(command, grant);
    if (fault !== null) return fault;
    this.#grant(grant, index);
    return { ...this.#put(command), ...grantedBy(grant) };
  }

  #txn(command: TxnCommand, index: number): AppliedResult {
    const [succeeded, steps] = this.#decide(command);
    const grant = succeeded ? (command.grant ?? null) : null;
    const fault = this.#faultOfGrant(grant) ?? this.#faultOf(steps, grant);
    if (fault !== null) return fault;
    this.#grant(grant, index);
    return { ...this.#take(succeeded, steps), ...grantedBy(grant) };
  }

  #compact(at: number): AppliedResult {
    const revision = this.#revision;
    if (at <= this.#compactRevision) {
      return { type: 'compacted', revision, compactRevision: this.#compactRevision };
    }
    if (at > revision) return { type: 'future-revision', revision };
    this.#compactRevision = at;
    return { type: 'compact', revision, compactRevision: at };
  }

  #lease(command: LeaseCommand, index: number, term: number): AppliedResult {
    if (command.kind === 'lease-checkpoint') return this.#checkpoint(command, term);
    const revision = this.#revision;
    const { id } = command;
    const lease = this.leases.get(id);
    if (command.kind === 'lease-grant') {
      const fault = this.#faultOfGrant(command);
      if (fault !== null) return fault;
      this.#grant(command, index);
      return { type: 'lease-granted', revision, id, ttl: command.ttl };
    }
    if (lease === undefined) return { type: 'lease-not-found', revision };
    if (command.kind === 'lease-keepalive') {
      this.#grant({ id, ttl: lease.ttl }, index);
      return { type: 'lease-kept', revision, id, ttl: lease.ttl };
    }
    if (command.kind === 'lease-expire') {
      const isVoid = command.epoch !== lease.epoch || command.term < term;
      if (isVoid) return { type: 'lease-alive', revision, id };
    }
    const keys = this.keysOf(id);
    this.leases.delete(id);
    for (const key of keys) this.#delete({ key }, false);
    const type = command.kind === 'lease-revoke' ? 'lease-revoked' : 'lease-expired';
    return { type, revision: this.#now(), id, deleted: keys.length };
  }

  #checkpoint(
    command: Extract<LeaseCommand, { kind: 'lease-checkpoint' }>,
    term: number,
  ): AppliedResult {
    let count = 0;
    for (const { id, epoch, remaining } of command.leases) {
      const lease = this.leases.get(id);
      if (command.term < term || lease?.epoch !== epoch) continue;
      if (remaining >= lease.remaining) continue;
      lease.remaining = remaining;
      count += 1;
    }
    return { type: 'lease-checkpointed', revision: this.#revision, count };
  }

  #grant(grant: LeaseGrant | null, index: number): void {
    if (grant === null) return;
    const { id, ttl } = grant;
    this.leases.set(id, { ttl, remaining: ttl * 1000, epoch: index });
  }

  /** Compares see the state before the transaction, those of nested ones too. */
  #decide(txn: TxnFields): [succeeded: boolean, steps: Step[]] {
    const succeeded = txn.compare.every((compare) => this.#holds(compare));
    const steps = (succeeded ? txn.success : txn.failure).map((op): Step => {
      if (op.type !== 'txn') return op;
      const [won, inner] = this.#decide(op);
      return { type: 'taken', succeeded: won, steps: inner };
    });
    return [succeeded, steps];
  }

  #holds(compare: Compare): boolean {
    const absent = { createRevision: 0, modRevision: 0, version: 0, lease: null, value: null };
    const pairs = this.at(compare, this.#revision);
    return (pairs.length === 0 ? [absent] : pairs).every((pair) => {
      const { target, op, value } = compare;
      if (target === 'value') return pair.value !== null && ordered(pair.value, op, value);
      const { version, createRevision: create, modRevision: mod, lease } = pair;
      const own = { version, create, mod, lease: lease ?? 0 }[target];
      return ordered(BigInt(own), op, BigInt(value));
    });
  }

  #faultOf(steps: readonly Step[], grant: LeaseGrant | null): FailedResult | null {
    for (const step of steps) {
      const fault = this.#faultOfStep(step, grant);
      if (fault !== null) return fault;
    }
    return null;
  }

  #faultOfStep(step: Step, grant: LeaseGrant | null): FailedResult | null {
    if (step.type === 'taken') return this.#faultOf(step.steps, grant);
    if (step.type === 'put') return this.#faultOfPut(step, grant);
    return step.type === 'get' ? this.faultOfRevision(step.revision ?? 0) : null;
  }

  /** Why a revision cannot be read; null when it can. */
  faultOfRevision(asked: number): FailedResult | null {
    const revision = this.#revision;
    const compactRevision = this.#compactRevision;
    if (asked === 0) return null;
    if (asked < compactRevision) return { type: 'compacted', revision, compactRevision };
    return asked > revision ? { type: 'future-revision', revision } : null;
  }

  #faultOfPut(op: PutFields, grant: LeaseGrant | null): FailedResult | null {
    const revision = this.#revision;
    const keeps = op.ignoreValue === true || op.ignoreLease === true;
    if (keeps && this.pairAt(op.key, revision) === null) return { type: 'key-not-found', revision };
    const lease = op.lease ?? null;
    const isGranted = lease !== null && lease === grant?.id;
    const isUnknown = lease !== null && !isGranted && !this.leases.has(lease);
    return isUnknown ? { type: 'lease-not-found', revision } : null;
  }

  #faultOfGrant(grant: LeaseGrant | null): FailedResult | null {
    if (grant === null) return null;
    const revision = this.#revision;
    if (this.leases.has(grant.id)) return { type: 'lease-exists', revision };
    return this.leases.size >= MAX_LEASES ? { type: 'too-many-leases', revision } : null;
  }

  /** The store's revision if nothing more is written. */
  #now(): number {
    return this.#revision + (this.#writing.length > 0 ? 1 : 0);
  }

  #take(succeeded: boolean, steps: readonly Step[]): TxnOpResult & { type: 'txn' } {
    const results = steps.map((step) => this.#perform(step));
    return { type: 'txn', revision: this.#now(), succeeded, results };
  }

  #perform(step: Step): TxnOpResult {
    if (step.type === 'taken') return this.#take(step.succeeded, step.steps);
    if (step.type === 'put') return this.#put(step);
    if (step.type === 'delete') return this.#delete(step, step.prev === true);
    const page = this.page(step, step, (step.revision ?? 0) || Number.POSITIVE_INFINITY);
    return { type: 'get', revision: this.#now(), ...page };
  }

  /** What a read of a range at a revision sees. */
  page(range: KeyRange, options: RangeOptions, revision: number): ModelPage {
    const all = this.at(range, revision);
    const count = all.length;
    if (options.countOnly === true) return { count, kvs: [], more: false };
    const sorted = all
      .filter((pair) => passes(pair, options))
      .toSorted((a, b) => {
        const by = order(sortedBy(a, options.sort), sortedBy(b, options.sort));
        return by === 0 ? order(a.key, b.key) : by;
      });
    if (options.order === 'desc') sorted.reverse();
    const limit = (options.limit ?? 0) || Number.POSITIVE_INFINITY;
    const kvs = sorted.slice(0, limit).map((pair) => {
      return options.keysOnly === true ? { ...pair, value: '' as ByteString } : pair;
    });
    return { count, kvs, more: sorted.length > kvs.length };
  }

  #put(op: PutFields): TxnOpResult & { type: 'put' } {
    const { key } = op;
    const before = this.pairAt(key, Number.POSITIVE_INFINITY);
    const revision = this.#revision + 1;
    this.#add({
      key,
      value: op.ignoreValue === true && before !== null ? before.value : op.value,
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: (before?.version ?? 0) + 1,
      lease: op.ignoreLease === true && before !== null ? before.lease : (op.lease ?? null),
    });
    const prev = op.prev === true ? before : null;
    return { type: 'put', revision, created: before === null, prev };
  }

  #delete(range: KeyRange, wantsPrev: boolean): TxnOpResult & { type: 'delete' } {
    const gone = this.at(range, Number.POSITIVE_INFINITY);
    const modRevision = this.#revision + 1;
    const empty = { value: '' as ByteString, createRevision: 0, modRevision, version: 0 };
    for (const { key } of gone) this.#add({ key, ...empty, lease: null });
    const prev = wantsPrev ? gone : [];
    return { type: 'delete', revision: this.#now(), deleted: gone.length, prev };
  }

  #add(version: KeyValue): void {
    this.#writing.push(version);
    const versions = this.#versions.get(version.key);
    if (versions === undefined) this.#versions.set(version.key, [version]);
    else versions.push(version);
  }
}

function passes({ modRevision, createRevision }: KeyValue, options: RangeOptions): boolean {
  const { minModRevision = 0, maxModRevision = 0 } = options;
  const { minCreateRevision = 0, maxCreateRevision = 0 } = options;
  return (
    modRevision >= minModRevision &&
    modRevision <= (maxModRevision || Number.POSITIVE_INFINITY) &&
    createRevision >= minCreateRevision &&
    createRevision <= (maxCreateRevision || Number.POSITIVE_INFINITY)
  );
}

function sortedBy(pair: KeyValue, target: RangeOptions['sort'] = 'key'): string | number {
  const { key, value, version, createRevision: create, modRevision: mod } = pair;
  return { key, value, version, create, mod }[target];
}

function order<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b);
}

export const EVERYTHING: KeyRange = { key: '' as ByteString, open: true };

/** Byte strings order by their characters as keys do by their bytes. */
export function isWithin({ key: start, end = null, open = false }: KeyRange, key: ByteString) {
  if (end === null && !open) return key === start;
  return key >= start && (end === null || key < end);
}

function grantedBy(grant: LeaseGrant | null): { granted?: LeaseId } {
  return grant === null ? {} : { granted: grant.id };
}

function ordered<T extends string | bigint>(own: T, op: Compare['op'], value: T): boolean {
  return { '=': own === value, '!=': own !== value, '<': own < value, '>': own > value }[op];
}
