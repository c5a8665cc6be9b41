/**
 * EXACTLY ONCE for what is more, or less, than one command of the log.
 *
 * A put, a delete, a transaction, or anything else that is one command goes to `NodeApi.propose`
 * with the request's name, and the state machine sees to it. Everything else that takes an
 * `Idempotency-Key` goes through `once`: it looks the name up in the replicated state, carries the
 * request out if it is new, and has its answer remembered there, so that every node gives it again.
 *
 * Two requests of one name at the same node wait for each other. Through two nodes at one time, or
 * when the node dies between the effect and the remembering, the request may be carried out twice:
 * so what is carried out must be something that, done twice, has the effect of doing it once (ids
 * that it draws are to be derived from the name). Even then all get one answer.
 */

import { assert } from '../../lib/assert.ts';
import { bytesOfText } from '../../lib/bytes.ts';
import type { KvResult, RememberedAnswer } from '../../kv/command.ts';
import { Hasher, hexOfHash } from '../../kv/hash.ts';
import type { RequestContext } from '../../node/api.ts';
import { ApiError } from '../../wire/errors.ts';
import { PROBLEM_TYPE, type Problem, problemOf } from '../../wire/problem.ts';
import type { Reply, Services } from '../services.ts';
import { appliedOf } from '../answer/written.ts';

/** A request that may have a name. */
export interface NamedRequest {
  /** Of `RequestContexts.write`: it has the name, null for none. */
  readonly context: RequestContext;
  /** The answer's status and headers are put here; 200 where `carryOut` sets no status. */
  readonly set: Reply;
  /**
   * What is asked, in JSON: method, resource and decoded body. Under one name it must be the same
   * each time; the order of an object's fields does not matter.
   */
  readonly content: unknown;
}

/** An answer has at least so long to be remembered, whatever is left of the deadline. */
const REMEMBER_MS = 1000;
/** Each of them waits for a leader by itself. */
const REMEMBER_ATTEMPTS = 4;

/**
 * Carries a request out, or gives the first answer to it again: its body, its status, and the
 * revision in `Abcd-Revision`. Errors are answers too, and remembered, but those that pass: 408,
 * 429, and all from 500 on.
 *
 * @param carryOut its answer is the body, as JSON; it may throw ApiError, and set `set.status`
 * @throws ApiError what `carryOut` throws and is not remembered; `idempotency-key-reused`,
 *   `idempotency-key-expired`, `too-many-requests`; `timeout` when the request was carried out, and
 *   its answer perhaps not remembered; and what a read barrier throws
 */
export async function once<Answer extends object>(
  services: Services,
  request: NamedRequest,
  carryOut: () => Answer | Promise<Answer>,
): Promise<Answer | Problem> {
  const { context, set } = request;
  const { requestId } = context;
  if (requestId === null) return await carryOut();
  const { node, underWay } = services;
  const content = digestOf(request.content);
  return await underWay.alone(requestId, context, async () => {
    await node.readBarrier(context);
    const known = node.store.remembered(requestId, content);
    if (known !== null) return repeat<Answer>(known, set);
    const answer = await definiteAnswer(carryOut, set);
    return repeat<Answer>(await remember(services, context, content, answer), set);
  });
}

/** The answer, success or error, if it is one that will be the same later. */
async function definiteAnswer(
  carryOut: () => object | Promise<object>,
  set: Reply,
): Promise<RememberedAnswer> {
  try {
    const answer = await carryOut();
    return { status: Number(set.status ?? 200), body: JSON.stringify(answer) };
  } catch (error) {
    if (!(error instanceof ApiError) || passes(error.status)) throw error;
    return { status: error.status, body: JSON.stringify(problemOf(error)) };
  }
}

function passes(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Once it is carried out, no failure to remember it says that nothing has happened. */
async function remember(
  { node }: Services,
  context: RequestContext,
  content: string,
  answer: RememberedAnswer,
): Promise<KvResult> {
  const deadline = Math.max(context.deadline, node.now() + REMEMBER_MS);
  const unhurried = {
    deadline,
    requestId: context.requestId,
    signal: null,
    correlation: context.correlation,
  };
  const proposal = { kind: 'remember', content, answer } as const;
  for (let attempt = 1; attempt <= REMEMBER_ATTEMPTS; attempt += 1) {
    try {
      const result = await node.propose(proposal, unhurried);
      if (result.type === 'remembered') return result;
      break;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // What was carried out may have been the end of the leader.
      const mayPass = error.code === 'no-leader' || error.code === 'leader-changed';
      if (!mayPass || node.now() >= deadline) break;
    }
  }
  throw new ApiError('timeout', 'It was carried out, but its answer may not be remembered');
}

/** Gives a remembered answer. @throws ApiError why there is none */
function repeat<Answer>(known: KvResult, set: Reply): Answer | Problem {
  const result = appliedOf(known);
  assert(result.type === 'remembered', `an answer of the type ${result.type} was remembered`);
  const { status, body } = result.answer;
  set.status = status;
  set.headers['abcd-revision'] = String(result.revision);
  if (status >= 400) set.headers['content-type'] = PROBLEM_TYPE;
  return JSON.parse(body) as Answer | Problem;
}

function digestOf(content: unknown): string {
  return hexOfHash(new Hasher().text(bytesOfText(JSON.stringify(content, sortedFields))).finish());
}

/** Two objects that differ only in the order of their fields become one text. */
function sortedFields(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value) as [string, unknown][];
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
