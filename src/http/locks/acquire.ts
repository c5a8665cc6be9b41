import { ApiError } from '../../wire/errors.ts';
import type { HeldAnswer } from '../../wire/locks.ts';
import type { Problem } from '../../wire/problem.ts';
import type { AcquireRequest, LockQueue } from '../../node/locks/lock-queue.ts';
import { timeoutOf } from '../context.ts';
import { once } from '../request/once.ts';
import { candidateOf, clientOf, heldAnswerOf } from './queue-answer.ts';
import { IDLE_TIMEOUT_S } from '../server.ts';
import type { Exchange, Services } from '../services.ts';

/** The longest that Bun lets a connection be idle, in seconds; 0 is for ever. */
const IDLE_MAX_S = 255;
const IDLE_MARGIN_S = 5;

/** A request to be first, decoded. */
export interface Ask extends Omit<AcquireRequest, 'requestId'>, Exchange {
  readonly waitMs: number;
  /** What is asked, for requests that have a name: method, resource and body. */
  readonly content: unknown;
  /** Whether what keys say is of the owner of a lock, to be shown to those who do not get it. */
  readonly hasOwners: boolean;
}

/**
 * Queues up and answers when the request is the first, or when its wait is over.
 *
 * @throws ApiError `locked` with the `holder`; what `LockQueue.acquire` and `once` throw
 */
export async function acquire(
  services: Services,
  queue: LockQueue,
  ask: Ask,
): Promise<HeldAnswer | Problem> {
  const { request, set, server, waitMs, name } = ask;
  const { signal } = request;
  const timeoutMs = timeoutOf(request.headers);
  const { deadline, requestId, correlation } = services.contexts.write(request, server);
  const idleSeconds = Math.ceil((waitMs + timeoutMs) / 1000) + IDLE_MARGIN_S;
  server?.timeout(request, idleSeconds > IDLE_MAX_S ? 0 : idleSeconds);
  const { shutdown } = services;
  const waitContext = { waitMs, timeoutMs, signal, shutdown, correlation };
  const context = { deadline: deadline + waitMs, requestId, signal, correlation };
  const carryOut = async (): Promise<HeldAnswer> => {
    const acquired = await queue.acquire({ ...ask, requestId }, waitContext);
    if (acquired.type === 'held') {
      const { key, createRevision, entrant } = acquired.place;
      return heldAnswerOf(name, key, entrant.lease, createRevision);
    }
    const { holder } = acquired;
    const shown = ask.hasOwners ? clientOf : candidateOf;
    throw new ApiError('locked', 'Somebody else was first for as long as the request waited', {
      holder: holder === null ? null : shown(holder),
    });
  };
  try {
    return await once(services, { context, set, content: ask.content }, carryOut);
  } finally {
    // It holds for the connection, which may serve others after this one.
    server?.timeout(request, IDLE_TIMEOUT_S);
  }
}
