import type { TSchema } from '@sinclair/typebox';
import { ApiError } from '../../wire/errors.ts';
import { readBody } from './body.ts';
import type { HttpLimits } from '../config.ts';

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
  const shape = shapeOf(bytes, depth);
  if (shape === null) {
    throw new ApiError('bad-request', `The body nests deeper than ${depth} levels`);
  }
  const value = parsed(bytes);
  if (namesIn(value) < shape.colons) {
    throw new ApiError('bad-request', 'An object of the body has two members of one name');
  }
  return value;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new ApiError('bad-request', 'The body is not JSON in UTF-8');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * How many colons there are outside of strings, each after the name of a member; null when brackets
 * ever nest deeper than `max`. One pass, whatever the text.
 */
function shapeOf(bytes: Uint8Array, max: number): { readonly colons: number } | null {
  let depth = 0;
  let colons = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (inString && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) inString = !inString;
    else if (inString) continue;
    else if (byte === COLON) colons += 1;
    else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    if (depth > max) return null;
  }
  return { colons };
}

/**
 * How many members the objects in a value have. Of those with one name the parser keeps the last
 * (RFC 8259 section 4 leaves it open): what a transaction is to do would be lost without a word.
 */
function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inside: readonly unknown[] = Object.values(value);
  return inside.reduce<number>(
    (names, item) => names + namesIn(item),
    Array.isArray(value) ? 0 : inside.length,
  );
}

/** How Elysia is told to read and check the body of a route. */
export function jsonBody<Schema extends TSchema>(body: Schema, limits: HttpLimits) {
  const parse = ({ request }: { request: Request }): Promise<unknown> =>
    readJson(request, limits.requestBytes);
  return { body, parse };
}
