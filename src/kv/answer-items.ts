/**
 * The answers of remembered requests as JSON values. The pairs in an answer may be many and large,
 * so they stand apart from it, in their order, and the answer only says how many there are: an
 * array of its type, its revision, and the fields named beside the types.
 */

import type { AppliedResult, KeyValue, LeaseId, TxnOpResult } from './command.ts';
import { isCount, isLeaseId } from './fields.ts';
import { MAX_TXN_OPS } from './txn-rules.ts';

type AnyResult = AppliedResult | TxnOpResult;

export type AnswerItem = readonly unknown[];

/** The answer without its pairs, which `pairsOf` gives. */
export function encodeAnswer(result: AnyResult): AnswerItem {
  const { type, revision } = result;
  switch (result.type) {
    case 'put':
      return [
        type,
        revision,
        flag(result.created),
        flag(result.prev !== null),
        ...grantedItem(result),
      ];
    case 'delete':
      return [type, revision, result.deleted, result.prev.length];
    case 'get':
      return [type, revision, result.count, flag(result.more), result.kvs.length];
    case 'txn':
      return [
        type,
        revision,
        flag(result.succeeded),
        result.results.map(encodeAnswer),
        ...grantedItem(result),
      ];
    case 'condition-failed':
      return [type, revision, result.modRevision];
    case 'compact':
    case 'compacted':
      return [type, revision, result.compactRevision];
    case 'lease-granted':
    case 'lease-kept':
      return [type, revision, result.id, result.ttl];
    case 'lease-revoked':
    case 'lease-expired':
      return [type, revision, result.id, result.deleted];
    case 'lease-alive':
      return [type, revision, result.id];
    case 'lease-checkpointed':
      return [type, revision, result.count];
    case 'remembered':
      return [type, revision, result.answer.status, result.answer.body];
    case 'key-not-found':
    case 'lease-not-found':
    case 'lease-exists':
    case 'too-many-leases':
    case 'future-revision':
    case 'answer-too-large':
      return [type, revision];
  }
}

/** How many pairs belong to an answer; null when the item is none that `encodeAnswer` wrote. */
export function pairsOfAnswer(item: unknown, depth = MAX_TXN_OPS): number | null {
  if (!Array.isArray(item) || depth < 0) return null;
  const fields = item as readonly unknown[];
  const [type, , , fourth, fifth] = fields;
  switch (type) {
    case 'put':
    case 'delete':
      return isCount(fourth) ? fourth : null;
    case 'get':
      return isCount(fifth) ? fifth : null;
    case 'txn':
      return sumOf(fourth, (one) => pairsOfAnswer(one, depth - 1));
    default:
      return 0;
  }
}

/** Puts an answer together with its pairs; null when they do not make one. */
export function decodeAnswer(item: AnswerItem, pairs: readonly KeyValue[]): AppliedResult | null {
  const result = decode(item, new PairSource(pairs));
  return result?.type === 'get' ? null : result;
}

/** `pairsOfAnswer` has looked at the item: it is not too deep, and its counts are numbers. */
function decode(item: AnswerItem, source: PairSource): AnyResult | null {
  const [type, revision, third, fourth] = item;
  if (!isCount(revision)) return null;
  switch (type) {
    case 'put':
    case 'delete':
    case 'get':
    case 'txn':
      return decodeOp(type, item, revision, source);
    case 'condition-failed':
      return isCount(third) ? { type, revision, modRevision: third } : null;
    case 'compact':
    case 'compacted':
      return isCount(third) ? { type, revision, compactRevision: third } : null;
    case 'lease-granted':
    case 'lease-kept':
      return isLeaseId(third) && isCount(fourth)
        ? { type, revision, id: third, ttl: fourth }
        : null;
    case 'lease-revoked':
    case 'lease-expired':
      return isLeaseId(third) && isCount(fourth)
        ? { type, revision, id: third, deleted: fourth }
        : null;
    case 'lease-alive':
      return isLeaseId(third) ? { type, revision, id: third } : null;
    case 'lease-checkpointed':
      return isCount(third) ? { type, revision, count: third } : null;
    case 'remembered':
      return isCount(third) && typeof fourth === 'string'
        ? { type, revision, answer: { status: third, body: fourth } }
        : null;
    case 'key-not-found':
    case 'lease-not-found':
    case 'lease-exists':
    case 'too-many-leases':
    case 'future-revision':
    case 'answer-too-large':
      return { type, revision };
    default:
      return null;
  }
}

function decodeOp(
  type: TxnOpResult['type'],
  [, , third, fourth, fifth]: AnswerItem,
  revision: number,
  source: PairSource,
): TxnOpResult | null {
  if (!isCount(third)) return null;
  switch (type) {
    case 'put': {
      const [prev = null] = source.take(fourth);
      return isFlag(third) && isFlag(fourth) && isGranted(fifth)
        ? { type, revision, created: third === 1, prev, ...grantedField(fifth) }
        : null;
    }
    case 'delete':
      return { type, revision, deleted: third, prev: source.take(fourth) };
    case 'get': {
      if (!isFlag(fourth)) return null;
      return { type, revision, count: third, kvs: source.take(fifth), more: fourth === 1 };
    }
    case 'txn': {
      const results: TxnOpResult[] = [];
      for (const inner of fourth as readonly AnswerItem[]) {
        const result = decode(inner, source);
        if (result === null || !isOpResult(result)) return null;
        results.push(result);
      }
      return isFlag(third) && isGranted(fifth)
        ? { type, revision, succeeded: third === 1, results, ...grantedField(fifth) }
        : null;
    }
  }
}

function isOpResult(result: AnyResult): result is TxnOpResult {
  const { type } = result;
  return type === 'put' || type === 'delete' || type === 'get' || type === 'txn';
}

/** Gives pairs out in their order. */
class PairSource {
  readonly #pairs: readonly KeyValue[];
  #next = 0;

  constructor(pairs: readonly KeyValue[]) {
    this.#pairs = pairs;
  }

  take(count: unknown): readonly KeyValue[] {
    const from = this.#next;
    this.#next += isCount(count) ? count : 0;
    return this.#pairs.slice(from, this.#next);
  }
}

function sumOf(list: unknown, of: (item: unknown) => number | null): number | null {
  if (!Array.isArray(list)) return null;
  let sum = 0;
  for (const item of list as readonly unknown[]) {
    const count = of(item);
    if (count === null) return null;
    sum += count;
  }
  return sum;
}

/** The last field of an answer, absent when no lease was granted. */
function grantedItem({ granted }: { readonly granted?: LeaseId }): readonly LeaseId[] {
  return granted === undefined ? [] : [granted];
}

function isGranted(item: unknown): item is LeaseId | undefined {
  return item === undefined || isLeaseId(item);
}

function grantedField(item: LeaseId | undefined): { readonly granted?: LeaseId } {
  return item === undefined ? {} : { granted: item };
}

function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

function isFlag(value: unknown): boolean {
  return value === 0 || value === 1;
}
