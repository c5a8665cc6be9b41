import type { TSchema } from '@sinclair/typebox';
import { ApiError } from '../wire/errors.ts';
import { readBody } from './body.ts';
import type { HttpLimits } from './config.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Hardly a body of the interface nests deeper than this; what does costs more to refuse than to
 * read.
 */
const DEPTH_MAX = 32;

/**
 * The JSON in the body of a request, not yet checked against a schema; an empty body reads as `{}`.
 * The content type must say JSON, which a form on a foreign web page cannot do without asking.
 *
 * @throws ApiError `unsupported-media-type`, `bad-request`, and what `readBody` throws
 */
export async function readJson(
  request: Request,
  limit: number,
  depth: number = DEPTH_MAX,
): Promise<unknown> {
  const bytes = await readBody(request, limit);
  if (bytes.length === 0) return {};
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ApiError('unsupported-media-type', 'The body must be application/json');
  }
  if (nestsDeeper(bytes, depth)) {
    throw new ApiError('bad-request', `The body nests deeper than ${depth} levels`);
  }
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new ApiError('bad-request', 'The body is not JSON in UTF-8');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Whether brackets outside of strings ever nest deeper than `max`. One pass, whatever the text. */
function nestsDeeper(bytes: Uint8Array, max: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (inString && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) inString = !inString;
    else if (inString) continue;
    else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    if (depth > max) return true;
  }
  return false;
}

/** How Elysia is told to read and check the body of a route. */
export function jsonBody<Schema extends TSchema>(body: Schema, limits: HttpLimits) {
  const parse = ({ request }: { request: Request }): Promise<unknown> =>
    readJson(request, limits.requestBytes);
  return { body, parse };
}
