import type { TSchema } from '@sinclair/typebox';
import { ApiError } from '../wire/errors.ts';
import { readBody } from './body.ts';
import type { HttpLimits } from './config.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The JSON in the body of a request, not yet checked against a schema; an empty body reads as `{}`.
 * The content type must say JSON, which a form on a foreign web page cannot do without asking.
 *
 * @throws ApiError `unsupported-media-type`, `bad-request`, and what `readBody` throws
 */
export async function readJson(request: Request, limit: number): Promise<unknown> {
  const bytes = await readBody(request, limit);
  if (bytes.length === 0) return {};
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ApiError('unsupported-media-type', 'The body must be application/json');
  }
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new ApiError('bad-request', 'The body is not JSON in UTF-8');
  }
}

/** How Elysia is told to read and check the body of a route. */
export function jsonBody<Schema extends TSchema>(body: Schema, limits: HttpLimits) {
  const parse = ({ request }: { request: Request }): Promise<unknown> =>
    readJson(request, limits.requestBytes);
  return { body, parse };
}
