import { NDJSON } from '../answer/media.ts';

/** Whether a client wants a stream as lines of JSON. */
export function asksForLines({ headers }: Request): boolean {
  return asksFor(NDJSON, headers.get('accept'));
}

/**
 * Whether an `Accept` header asks for a media type by its name (RFC 9110 section 12.5.1): with a
 * weight that is not 0, nor less than that of `application/json`, which is the other choice.
 */
export function asksFor(type: string, accept: string | null): boolean {
  if (accept === null) return false;
  const weight = weightOf(type, accept);
  return weight > 0 && weight >= weightOf('application/json', accept);
}

/** 0 when the type is not there by its name. */
function weightOf(type: string, accept: string): number {
  for (const range of accept.split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (name !== type) continue;
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    return q === undefined ? 1 : Number(q.slice(2)) || 0;
  }
  return 0;
}
