import type {
  AppliedResult,
  FailedResult,
  KeyRange,
  KeyValue,
  KvCommand,
  KvResult,
  LeaseId,
  RangeOptions,
  TxnOpResult,
} from '../../../src/kv/command.ts';
import type { KvChange } from '../../../src/kv/event.ts';
import type { SessionLimits } from '../../../src/kv/session.ts';
import type { ByteString } from '../../../src/lib/bytes.ts';
import {
  EVERYTHING,
  isWithin,
  KvModel,
  type ModelLease,
} from '../../../src/sim/checkers/kv-model.ts';
import { ModelSessions } from './model-sessions.ts';

export { EVERYTHING };

/**
 * The state machine that is obviously right and slow: the simulator's model of the commands, with
 * requests that are remembered, and with what can still be asked of the past.
 */
export class Model {
  readonly #kv = new KvModel();
  readonly #sessions: ModelSessions;
  #index = 0;

  constructor(limits: SessionLimits) {
    this.#sessions = new ModelSessions(limits);
  }

  get leases(): ReadonlyMap<LeaseId, ModelLease> {
    return this.#kv.leases;
  }

  get revision(): number {
    return this.#kv.revision;
  }

  get compactRevision(): number {
    return this.#kv.compactRevision;
  }

  apply(command: KvCommand, term: number): KvResult {
    this.#index += 1;
    const { requestId, at } = command;
    this.#sessions.advance(at);
    const carryOut = (): AppliedResult => this.#kv.apply(command, this.#index, term);
    if (requestId === null) return carryOut();
    const isGranted = command.kind === 'put' && command.grant;
    // The id was made up on the way.
    const asked = isGranted ? { ...command, lease: null, grant: command.grant?.ttl } : command;
    const content = JSON.stringify({ ...asked, at: null, requestId: null });
    const outcome = this.#sessions.once(requestId, content, carryOut);
    return typeof outcome === 'string' ? { type: outcome, revision: this.revision } : outcome;
  }

  /** The pairs of a range as of a revision, by the bytes of their keys. */
  at(range: KeyRange, revision: number): KeyValue[] {
    return this.#kv.at(range, revision);
  }

  /** What can still be asked about a key, newest first. */
  history(key: ByteString): KeyValue[] {
    const own = this.#all().filter((version) => version.key === key);
    return own.filter((version) => this.#isKept(version)).toReversed();
  }

  /** What is kept only for history. */
  past(): KeyValue[] {
    const present = this.at(EVERYTHING, Number.POSITIVE_INFINITY);
    return this.#all().filter((version) => this.#isKept(version) && !present.includes(version));
  }

  changes(range: KeyRange, from: number): KvChange[] {
    return this.#kv.changes.flatMap(({ revision, versions }) => {
      const events = versions
        .filter(({ key }) => revision >= from && isWithin(range, key))
        .map((kv) => ({
          type: kv.version === 0 ? ('delete' as const) : ('put' as const),
          kv,
          prev: revision - 1 < this.compactRevision ? null : this.#kv.pairAt(kv.key, revision - 1),
        }));
      return events.length > 0 ? [{ revision, events }] : [];
    });
  }

  query(range: KeyRange, options: RangeOptions): TxnOpResult | FailedResult {
    const asked = options.revision ?? 0;
    const fault = this.#kv.faultOfRevision(asked);
    if (fault !== null) return fault;
    const page = this.#kv.page(range, options, asked === 0 ? this.revision : asked);
    return { type: 'get', revision: this.revision, ...page };
  }

  keysOf(id: LeaseId): ByteString[] {
    return this.#kv.keysOf(id);
  }

  /** Every version ever; a delete leaves one with the number 0. */
  #all(): KeyValue[] {
    return this.#kv.changes.flatMap(({ versions }) => versions);
  }

  /** Whether a read at the compact revision or later, or a watch from there, can meet it. */
  #isKept(version: KeyValue): boolean {
    const { compactRevision } = this;
    if (version.modRevision >= compactRevision) return true;
    const next = this.#all().find(
      (other) => other.key === version.key && other.modRevision > version.modRevision,
    );
    return version.version > 0 && (next === undefined || next.modRevision > compactRevision);
  }
}
