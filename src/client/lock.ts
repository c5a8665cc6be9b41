import type { LockStateAnswer } from '../wire/locks.ts';
import { json } from './answer.ts';
import type { Bytes } from './bytes.ts';
import type { Caller } from './caller.ts';
import { type Held, type QueueOptions, queueUp } from './held.ts';
import type { CallOptions } from './options.ts';
import { pathOf } from './range.ts';

export interface LockOptions extends QueueOptions {
  /** Who holds it, for people who look. */
  readonly owner?: string;
}

/** A lock that is held. */
export type Lock = Held;

/** Waits for a lock, in the order of arrival. @throws AbcdError `locked` when the wait is over */
export async function acquireLock(
  caller: Caller,
  name: Bytes,
  options: LockOptions,
): Promise<Lock> {
  const path = pathOf('/locks', name);
  const owner = options.owner === undefined ? {} : { owner: options.owner };
  return await queueUp(caller, options, (lease, wait) => ({
    path,
    body: { lease, wait, ...owner },
  }));
}

/**
 * Does something while holding a lock, and gives the lock up. The work is told by `lock.signal`
 * when it loses the lock; then this fails, even if the work comes to an end.
 */
export async function withLock<T>(
  caller: Caller,
  name: Bytes,
  work: (lock: Lock) => Promise<T>,
  options: LockOptions,
): Promise<T> {
  const lock = await acquireLock(caller, name, options);
  try {
    const result = await work(lock);
    lock.signal.throwIfAborted();
    return result;
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

/** Who holds a lock, and who waits for it. */
export async function readLock(
  caller: Caller,
  name: Bytes,
  options: CallOptions,
): Promise<LockStateAnswer> {
  const request = { method: 'GET', path: pathOf('/locks', name) } as const;
  return await caller.call(request, options, json<LockStateAnswer>);
}
