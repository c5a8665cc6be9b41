/**
 * THE MODEL: the store as a user imagines it, written down a second time and as simply as possible.
 * It is fed the committed entries in their order, and says what each must have answered and what
 * any key held at any point.
 */
import type { Condition, DeleteCommand, KeyValue, KvResult, PutCommand } from '../../kv/command.ts';
import { FIRST_REVISION } from '../../kv/store.ts';
import type { ByteString } from '../../lib/bytes.ts';
import type { Entry, LogIndex } from '../../raft/entry.ts';

interface Version {
  readonly index: LogIndex;
  readonly pair: KeyValue | null;
}

export class Model {
  readonly #pairs = new Map<ByteString, KeyValue>();
  readonly #versions = new Map<ByteString, Version[]>();
  /** By index; entries that are not commands repeat the one before. */
  readonly #revisions: number[] = [FIRST_REVISION];
  readonly #results = new Map<LogIndex, KvResult>();
  /** The entry that carried a request out, by the request's name. */
  readonly #byRequest = new Map<string, LogIndex>();
  readonly #byValue = new Map<ByteString, LogIndex>();
  #repeated = 0;

  /** How many entries were repetitions of a request that had been carried out. */
  get repeated(): number {
    return this.#repeated;
  }

  apply({ index, command }: Entry): void {
    const before = this.#revisions[index - 1] ?? FIRST_REVISION;
    this.#revisions[index] = before;
    if (command.kind !== 'put' && command.kind !== 'delete') return;
    const kv = command as unknown as PutCommand | DeleteCommand;
    const { requestId } = kv;
    if (requestId !== null && this.#byRequest.has(requestId)) {
      this.#repeated += 1;
      return;
    }
    const result = this.#carryOut(kv, index, before);
    this.#revisions[index] = result.revision;
    this.#results.set(index, result);
    if (requestId !== null) this.#byRequest.set(requestId, index);
    if (kv.kind === 'put' && !this.#byValue.has(kv.value)) this.#byValue.set(kv.value, index);
  }

  /** The store's revision after the entry. */
  revisionAt(index: LogIndex): number {
    return this.#revisions[index] ?? FIRST_REVISION;
  }

  /** Where a write was carried out: by its name, or by the value that it alone writes. */
  indexOf(requestId: string | null, value: ByteString | null): LogIndex | undefined {
    const named = requestId === null ? undefined : this.#byRequest.get(requestId);
    return named ?? (value === null ? undefined : this.#byValue.get(value));
  }

  resultAt(index: LogIndex): KvResult | undefined {
    return this.#results.get(index);
  }

  /** What a key held after an entry. */
  pairAt(key: ByteString, index: LogIndex): KeyValue | null {
    const versions = this.#versions.get(key) ?? [];
    return versions.findLast((version) => version.index <= index)?.pair ?? null;
  }

  /** All pairs with start <= key < end after an entry, in the order of keys. */
  rangeAt(start: ByteString, end: ByteString | null, index: LogIndex): KeyValue[] {
    const pairs: KeyValue[] = [];
    for (const key of [...this.#versions.keys()].sort()) {
      if (!isWithin(key, start, end)) continue;
      const pair = this.pairAt(key, index);
      if (pair !== null) pairs.push(pair);
    }
    return pairs;
  }

  #carryOut(command: PutCommand | DeleteCommand, index: LogIndex, revision: number): KvResult {
    const modRevision = this.#pairs.get(command.key)?.modRevision ?? 0;
    if (command.condition !== null && !holds(command.condition, modRevision)) {
      return { type: 'condition-failed', revision, modRevision };
    }
    return command.kind === 'put'
      ? this.#put(command, index, revision + 1)
      : this.#delete(command, index, revision);
  }

  #put({ key, value, prev }: PutCommand, index: LogIndex, revision: number): KvResult {
    const old = this.#pairs.get(key);
    this.#set(key, index, {
      key,
      value,
      createRevision: old?.createRevision ?? revision,
      modRevision: revision,
      version: (old?.version ?? 0) + 1,
      lease: null,
    });
    return {
      type: 'put',
      revision,
      created: old === undefined,
      prev: prev ? (old ?? null) : null,
    };
  }

  #delete({ key, end, open, prev }: DeleteCommand, index: LogIndex, revision: number): KvResult {
    const one = end === null && !open;
    const deleted = [...this.#pairs.values()]
      .filter((pair) => (one ? pair.key === key : isWithin(pair.key, key, end)))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    for (const pair of deleted) this.#set(pair.key, index, null);
    return {
      type: 'delete',
      revision: deleted.length > 0 ? revision + 1 : revision,
      deleted: deleted.length,
      prev: prev ? deleted : [],
    };
  }

  #set(key: ByteString, index: LogIndex, pair: KeyValue | null): void {
    if (pair === null) this.#pairs.delete(key);
    else this.#pairs.set(key, pair);
    const versions = this.#versions.get(key) ?? [];
    versions.push({ index, pair });
    this.#versions.set(key, versions);
  }
}

function holds(condition: Condition, modRevision: number): boolean {
  return condition.type === 'absent' ? modRevision === 0 : modRevision === condition.revision;
}

function isWithin(key: ByteString, start: ByteString, end: ByteString | null): boolean {
  return key >= start && (end === null || key < end);
}
