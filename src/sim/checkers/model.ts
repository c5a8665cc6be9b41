/**
 * THE MODEL: what the log means. It is fed the committed entries in their order, and says what each
 * must have answered, and what anybody who stands behind any of them must see.
 */
import type { FailedResult, KeyRange, KeyValue, KvCommand, KvResult } from '../../kv/command.ts';
import { FIRST_REVISION } from '../../kv/store.ts';
import type { ByteString } from '../../lib/bytes.ts';
import { isConfigurationCommand } from '../../raft/configuration.ts';
import type { Entry, LogIndex } from '../../raft/entry.ts';
import { check } from '../failure.ts';
import { KvModel } from './kv-model.ts';
import { isSame } from './same.ts';

/** How far the store is. */
export interface Stand {
  readonly revision: number;
  readonly compactRevision: number;
  readonly leaseCount: number;
}

const AT_FIRST: Stand = { revision: FIRST_REVISION, compactRevision: 0, leaseCount: 0 };

export class Model {
  readonly kv = new KvModel();
  /** By index; entries that are not commands repeat the one before. */
  readonly #stands: Stand[] = [AT_FIRST];
  readonly #results = new Map<LogIndex, KvResult>();
  /** The entry that carried a request out, by the request's name. */
  readonly #byRequest = new Map<string, LogIndex>();
  /** What was asked under each name, whenever and through whomever. */
  readonly #commands = new Map<string, KvCommand>();
  readonly #byValue = new Map<ByteString, LogIndex>();
  /** Values that were written again, with where. */
  readonly #writtenAgain = new Map<ByteString, LogIndex>();
  /** Entries that repeat a request which had been carried out. */
  readonly #repeats = new Set<LogIndex>();

  /** How many entries were repetitions of a request that had been carried out. */
  get repeated(): number {
    return this.#repeats.size;
  }

  apply({ index, term, command }: Entry): void {
    this.#stands[index] = this.standAt(index - 1);
    if (command.kind === 'noop' || isConfigurationCommand(command)) return;
    const kv = command as unknown as KvCommand;
    const { requestId } = kv;
    const first = requestId === null ? undefined : this.#byRequest.get(requestId);
    if (first !== undefined) {
      const isRepeated = isSame(contentOf(kv), contentOf(this.#commands.get(requestId ?? '')));
      if (isRepeated) this.#repeats.add(index);
      const { revision } = this.standAt(index);
      const mismatch = { type: 'request-mismatch', revision } as const;
      this.#results.set(index, isRepeated ? (this.#results.get(first) as KvResult) : mismatch);
      return;
    }
    if (kv.kind === 'put') this.#wrote(kv.value, index);
    this.#results.set(index, this.kv.apply(kv, index, term));
    const { revision, compactRevision, leases } = this.kv;
    this.#stands[index] = { revision, compactRevision, leaseCount: leases.size };
    if (requestId === null) return;
    this.#byRequest.set(requestId, index);
    this.#commands.set(requestId, kv);
  }

  /** How far the store is after the entry. */
  standAt(index: LogIndex): Stand {
    return this.#stands[index] ?? AT_FIRST;
  }

  /** Where a write was carried out: by its name, or by the value that it alone writes. */
  indexOf(requestId: string | null, value: ByteString | null): LogIndex | undefined {
    const named = requestId === null ? undefined : this.#byRequest.get(requestId);
    return named ?? (value === null ? undefined : this.#byValue.get(value));
  }

  /** Where a value was written a second time; undefined when it was not. */
  secondWriteOf(value: ByteString): LogIndex | undefined {
    return this.#writtenAgain.get(value);
  }

  resultAt(index: LogIndex): KvResult | undefined {
    return this.#results.get(index);
  }

  /** Somebody has carried the command at an index out, with this result. */
  answers(index: LogIndex, result: KvResult): void {
    const due = this.#results.get(index);
    const isRepeated = due !== undefined && this.#repeats.has(index);
    // What is repeated late may be refused: its first answer is forgotten.
    const isForgotten = isRepeated && result.type === 'request-expired';
    check(isForgotten || isSame(result, due), 'commands answer as the model', () => {
      return `entry ${index} gives ${JSON.stringify(result)}, not ${JSON.stringify(due)}`;
    });
  }

  #wrote(value: ByteString, index: LogIndex): void {
    if (this.#byValue.has(value)) this.#writtenAgain.set(value, index);
    else this.#byValue.set(value, index);
  }

  /** What a read of a range, at a revision or at the newest (0), sees after an entry. */
  read(range: KeyRange, asked: number, index: LogIndex): KeyValue[] | FailedResult {
    const { revision, compactRevision } = this.standAt(index);
    if (asked > revision) return { type: 'future-revision', revision };
    if (asked !== 0 && asked < compactRevision) {
      return { type: 'compacted', revision, compactRevision };
    }
    return this.kv.at(range, asked === 0 ? revision : asked);
  }
}

function contentOf(command: KvCommand | undefined): object {
  return { ...command, at: 0, by: null, requestId: null };
}
