/** Reading and deleting several keys. */

import type { DeleteAnswer, KeyOnly, Pair, RangeAnswer } from '../wire/kv.ts';
import { json } from './answer.ts';
import type { Caller } from './caller.ts';
import { type ReadOptions, readParameters } from './keys.ts';
import type { CallOptions } from './options.ts';
import { type Ordering, query, type Range, rangeParameters } from './range.ts';

/** Which pairs, and in which order. */
export interface ListOptions extends ReadOptions, Ordering {
  /** At most so many pairs on the page: 1000 when not given, 10,000 at most. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly cursor?: string;
}

/** A page of pairs. */
export type PairPage = Omit<RangeAnswer, 'kvs'> & { readonly kvs: readonly Pair[] };
/** A page of keys. */
export type KeyPage = Omit<RangeAnswer, 'kvs'> & { readonly kvs: readonly KeyOnly[] };

export function listPairs(caller: Caller, range: Range, options: ListOptions): Promise<PairPage> {
  return list(caller, range, options, {});
}

export function listKeys(caller: Caller, range: Range, options: ListOptions): Promise<KeyPage> {
  return list(caller, range, options, { keysOnly: true });
}

/** How many keys there are, and as of which revision. */
export async function count(
  caller: Caller,
  range: Range,
  options: ReadOptions,
): Promise<{ readonly count: number; readonly revision: number }> {
  const answer = await list<RangeAnswer>(caller, range, options, { countOnly: true });
  return { count: answer.count, revision: answer.revision };
}

export async function deleteRange(
  caller: Caller,
  range: Range,
  options: CallOptions,
): Promise<DeleteAnswer> {
  const path = query('/kv', { ...rangeParameters(range) });
  return await caller.call({ method: 'DELETE', path }, options, json<DeleteAnswer>);
}

/**
 * Every pair of the range, page by page as they are asked for, all as of the revision of the first
 * page. @throws AbcdError `compacted` when that revision is forgotten before the end is reached
 */
export async function* allPairs(
  caller: Caller,
  range: Range,
  options: Omit<ListOptions, 'cursor'>,
): AsyncGenerator<Pair, void, undefined> {
  let page = await listPairs(caller, range, options);
  for (;;) {
    yield* page.kvs;
    if (page.next === null) return;
    page = await listPairs(caller, range, { ...options, cursor: page.next });
  }
}

async function list<T>(
  caller: Caller,
  range: Range,
  options: ListOptions,
  more: { readonly keysOnly?: boolean; readonly countOnly?: boolean },
): Promise<T> {
  const { timeoutMs: _, signal: __, serializable: ___, ...rest } = options;
  const path = query('/kv', {
    ...rangeParameters(range),
    ...rest,
    ...readParameters(options),
    ...more,
  });
  return await caller.call({ method: 'GET', path }, options, json<T>);
}
