import { AbcdError } from './errors.ts';

/**
 * The JSON body of an answer. Its form is the node's promise (the schemas of src/wire) and is not
 * checked again here.
 *
 * @throws AbcdError `bad-answer` when it is not JSON: whatever answered, it is no node
 */
export async function json<T>(response: Response): Promise<T> {
  requireType(response, 'application/json');
  return (await response.json()) as T;
}

/** The body of an answer as bytes. */
export async function bytes(response: Response): Promise<Uint8Array> {
  requireType(response, 'application/octet-stream');
  return new Uint8Array(await response.arrayBuffer());
}

/** The body of an answer as it comes. @throws AbcdError `bad-answer` */
export function stream(contentType: string) {
  return (response: Response): Promise<ReadableStream<Uint8Array>> => {
    requireType(response, contentType);
    if (response.body === null) throw bad(response, 'without a body');
    return Promise.resolve(response.body);
  };
}

function requireType(response: Response, expected: string): void {
  const type = response.headers.get('content-type') ?? 'nothing';
  if (!type.startsWith(expected)) throw bad(response, `of the type ${type}, not ${expected}`);
}

function bad({ url, status }: Response, what: string): AbcdError {
  const detail = `${url} gave an answer ${what}: is it a node of abcd?`;
  return new AbcdError('bad-answer', detail, { status, applied: 'unknown' });
}
