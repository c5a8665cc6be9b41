/** Reading and writing single keys. */

import type { DeleteAnswer, Pair, PutAnswer } from '../wire/kv.ts';
import { bytes, json } from './answer.ts';
import { type Bytes, toBytes } from './bytes.ts';
import type { Caller } from './caller.ts';
import { AbcdError, isAbcdError } from './errors.ts';
import type { Reader } from './exchange.ts';
import { type LeaseReference, leaseIdOf } from './lease-reference.ts';
import type { CallOptions } from './options.ts';
import { keyPath, query } from './range.ts';

/** How a read may be made cheaper or older. */
export interface ReadOptions extends CallOptions {
  /** As of this revision; the newest when not given. */
  readonly revision?: number;
  /** From one node's own state, which may be old, without asking the others. */
  readonly serializable?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** Only if this is the key's modRevision. */
  readonly ifRevision?: number;
  /** Answer the pair that was there before, too. */
  readonly prev?: boolean;
}

export interface PutOptions extends DeleteOptions {
  /** Only if the key is not there; the same as `ifRevision: 0`. */
  readonly ifAbsent?: boolean;
  /** The lease with which the key goes. */
  readonly lease?: LeaseReference;
  /** A lease of the key's own, of so many seconds. */
  readonly ttl?: number;
}

export interface WaitOptions extends CallOptions {
  /** Waits for a modRevision beyond this one; the key's present one when not given. */
  readonly after?: number;
}

/** What a read may say, as parameters of its query. */
export function readParameters({ revision, serializable }: ReadOptions) {
  return { revision, consistency: serializable === true ? 'serializable' : undefined };
}

export async function getPair(
  caller: Caller,
  key: Bytes,
  options: ReadOptions,
): Promise<Pair | null> {
  return await getAs(caller, key, options, false, json<Pair>);
}

export async function getBytes(
  caller: Caller,
  key: Bytes,
  options: ReadOptions,
): Promise<Uint8Array | null> {
  return await getAs(caller, key, options, true, bytes);
}

export async function putPair(
  caller: Caller,
  key: Bytes,
  value: Bytes,
  options: PutOptions,
): Promise<PutAnswer> {
  const { lease, ttl, prev } = options;
  const path = query(keyPath('/kv', key), {
    lease: lease === undefined ? undefined : leaseIdOf(lease),
    ttl: ttl === undefined ? undefined : `${ttl}s`,
    prev,
  });
  const headers = { 'content-type': 'application/octet-stream', ...conditionOf(options) };
  const request = { method: 'PUT', path, headers, body: toBytes(value) } as const;
  return await caller.call(request, options, json<PutAnswer>);
}

export async function deletePair(
  caller: Caller,
  key: Bytes,
  options: DeleteOptions,
): Promise<DeleteAnswer> {
  const path = query(keyPath('/kv', key), { prev: options.prev });
  const headers = ifMatch(options.ifRevision);
  const request = { method: 'DELETE', path, headers } as const;
  return await caller.call(request, options, json<DeleteAnswer>);
}

/** What a node waits for at a time; short enough to notice soon that it is gone. */
const LONGEST_WAIT_MS = 20_000;

/** Waits until a key changes; null once it is deleted. */
export async function waitFor(
  caller: Caller,
  key: Bytes,
  options: WaitOptions,
): Promise<Pair | null> {
  const { clock } = caller.settings;
  const deadline = clock.now() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
  const after = options.after ?? (await newestOf(caller, key, options));
  for (;;) {
    const waitMs = Math.floor(Math.min(LONGEST_WAIT_MS, deadline - clock.now()));
    if (waitMs <= 0) {
      const detail = `The key did not change within ${options.timeoutMs} ms`;
      throw new AbcdError('timeout', detail, { applied: 'no', fields: { after } });
    }
    const path = query(keyPath('/kv', key), { after, wait: `${waitMs}ms` });
    const request = { method: 'GET', path, waitMs } as const;
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    const changed = await absentAsNull(caller.call(request, signal, pairOrUnchanged));
    if (changed !== 'unchanged') return changed;
  }
}

/** The key's modRevision; while it is not there, the revision as of which it is not. */
async function newestOf(caller: Caller, key: Bytes, options: CallOptions): Promise<number> {
  const path = keyPath('/kv', key);
  try {
    return (await caller.call({ method: 'GET', path }, options, json<Pair>)).modRevision;
  } catch (error) {
    const revision = isAbcdError(error, 'key-not-found') ? error.number('revision') : null;
    if (revision === null) throw error;
    return revision;
  }
}

async function pairOrUnchanged(response: Response): Promise<Pair | 'unchanged'> {
  return response.status === 304 ? 'unchanged' : await json<Pair>(response);
}

async function getAs<T>(
  caller: Caller,
  key: Bytes,
  options: ReadOptions,
  raw: boolean,
  read: Reader<T>,
): Promise<T | null> {
  const path = query(keyPath('/kv', key), { ...readParameters(options), raw });
  return await absentAsNull(caller.call({ method: 'GET', path }, options, read));
}

async function absentAsNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isAbcdError(error, 'key-not-found')) return null;
    throw error;
  }
}

function conditionOf(options: PutOptions): Readonly<Record<string, string>> {
  const { ifRevision, ifAbsent = false } = options;
  if (ifAbsent || ifRevision === 0) return { 'if-none-match': '*' };
  return ifMatch(ifRevision);
}

function ifMatch(revision: number | undefined): Readonly<Record<string, string>> {
  return revision === undefined ? {} : { 'if-match': `"${revision}"` };
}
