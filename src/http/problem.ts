import type { Logger } from '../lib/logger.ts';
import { ApiError, type ErrorCode } from '../wire/errors.ts';
import { PROBLEM_TYPE, type Problem, problemOf, retryAfterOf } from '../wire/problem.ts';
import { drain, type OversizedBody } from './request/body.ts';
import type { HttpLimits } from './config.ts';
import type { Reply } from './services.ts';

/** Makes the reply one of this error, and gives its document. */
export function replyProblem(reply: Reply, error: ApiError): Problem {
  reply.status = error.status;
  reply.headers['content-type'] = PROBLEM_TYPE;
  const retryAfter = retryAfterOf(error.code);
  if (retryAfter !== null) reply.headers['retry-after'] = String(retryAfter);
  const { allow } = error.fields;
  if (error.code === 'method-not-allowed' && Array.isArray(allow)) {
    reply.headers['allow'] = allow.join(', ');
  }
  return problemOf(error);
}

/** The same, without the cost of an exception, for what happens all the time. */
export function problem(
  reply: Reply,
  code: ErrorCode,
  detail: string,
  fields: Readonly<Record<string, unknown>> = {},
): Problem {
  return replyProblem(reply, new ApiError(code, detail, fields));
}

/**
 * The answer to a body that is too large. It is on its way at once; the connection closes once the
 * client has stopped writing, or has had its chance to.
 */
export function replyOversized(
  reply: Reply,
  error: OversizedBody,
  limits: Pick<HttpLimits, 'drainBytes' | 'drainMs'>,
): Response | Problem {
  const document = replyProblem(reply, error);
  reply.headers['connection'] = 'close';
  const { rest } = error;
  if (rest === null) return document;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(JSON.stringify(document))),
    pull: async (controller) => {
      await drain(rest, limits.drainBytes, limits.drainMs);
      controller.close();
    },
  });
  // Inside a Response, Elysia passes a stream on as it is.
  return new Response(stream);
}

/** The error that a client is told, whatever was thrown. What nobody foresaw goes into the log. */
export function apiErrorOf(thrown: unknown, request: Request, logger: Logger): ApiError {
  if (thrown instanceof ApiError) return thrown;
  // What a body's parser throws, Elysia wraps.
  if (thrown instanceof Error && thrown.cause instanceof ApiError) return thrown.cause;
  if (isElysiaError(thrown, 'VALIDATION')) {
    return new ApiError('bad-request', validationDetail(thrown));
  }
  if (!request.signal.aborted) {
    logger.log('error', 'node', 'request failed unexpectedly', {
      method: request.method,
      error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    });
  }
  return new ApiError('internal', 'The request failed for a reason that is in the log of the node');
}

function isElysiaError(thrown: unknown, code: string): thrown is Error {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}

/** Where the body is wrong, and how; never what it said. */
function validationDetail(error: Error): string {
  const all: unknown = 'all' in error ? error.all : null;
  const first: unknown = Array.isArray(all) ? all[0] : null;
  if (typeof first !== 'object' || first === null) return 'The body is not as it must be';
  const path =
    'path' in first && typeof first.path === 'string' && first.path !== '' ? first.path : '/';
  const message =
    'message' in first && typeof first.message === 'string' ? first.message : 'invalid';
  return `The body is not as it must be: ${path}: ${message}`;
}
