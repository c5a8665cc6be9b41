/** One call over HTTP, as the checkers see it: what was asked, and what is known of its outcome. */
import type { Answer, Ask, Condition, Outcome, Pair } from '../linearizability/call.ts';

export interface Attempt {
  readonly url: string;
  readonly timeoutMs: number;
  /** The client goes away after this, with or without an answer. */
  readonly patienceMs: number;
  /** Names the request where it may be sent again. */
  readonly idempotencyKey: string | null;
}

type Json = Record<string, unknown>;

export async function attempt(ask: Ask, how: Attempt): Promise<Outcome> {
  const { method, path, body, headers } = requestOf(ask);
  try {
    const response = await fetch(how.url + path, {
      method,
      body,
      headers: {
        'abcd-timeout': `${how.timeoutMs}ms`,
        ...headers,
        ...(how.idempotencyKey === null ? {} : { 'idempotency-key': how.idempotencyKey }),
      },
      // On a connection of its own: what breaks must not be sent a second time by `fetch`.
      keepalive: false,
      signal: AbortSignal.timeout(how.patienceMs),
    });
    const json = (await response.json()) as Json;
    const revision = Number(response.headers.get('abcd-revision'));
    return outcomeOf(ask, response.status, revision, json);
  } catch (error) {
    return lost(error);
  }
}

/** Without an answer nothing is known, unless there was no connection to send it over. */
function lost(error: unknown): Outcome {
  const { code = 'no-answer' } = error as { code?: string | number };
  return { type: code === 'ConnectionRefused' ? 'no' : 'unknown', code: String(code) };
}

interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string | null;
  readonly headers: Record<string, string>;
}

function requestOf(ask: Ask): HttpRequest {
  switch (ask.type) {
    case 'put':
      return {
        method: 'PUT',
        path: `/kv/${ask.key}`,
        body: ask.value,
        headers: conditionHeaders(ask.condition),
      };
    case 'delete':
      return {
        method: 'DELETE',
        path: `/kv/${ask.key}`,
        body: null,
        headers: conditionHeaders(ask.condition),
      };
    case 'get':
      return { method: 'GET', path: `/kv/${ask.key}`, body: null, headers: {} };
    case 'range':
      return { method: 'GET', path: `/kv?prefix=${ask.prefix}`, body: null, headers: {} };
    case 'txn':
      return {
        method: 'POST',
        path: '/txn',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          compare: ask.compare.map(({ key, revision }) => {
            return { key, target: 'mod', op: '=', value: revision };
          }),
          success: ask.success.map(({ key, value }) => ({ put: { key, value } })),
          failure: ask.failure.map(({ key }) => ({ get: { key } })),
        }),
      };
  }
}

function conditionHeaders(condition: Condition | null): Record<string, string> {
  if (condition === null) return {};
  if (condition.type === 'absent') return { 'if-none-match': '*' };
  return { 'if-match': `"${condition.revision}"` };
}

function outcomeOf(ask: Ask, status: number, revision: number, json: Json): Outcome {
  const { code = `${status}` } = json as { code?: string };
  if (status === 404 && ask.type === 'get' && code === 'key-not-found') {
    return ok({ type: 'get', pair: null, revision });
  }
  if (status === 412 && code === 'precondition-failed') {
    return ok({ type: 'condition-failed', revision });
  }
  if (status < 200 || status > 299) {
    return { type: json['applied'] === 'no' ? 'no' : 'unknown', code };
  }
  switch (ask.type) {
    case 'put':
      return ok({ type: 'put', created: status === 201, revision: Number(json['revision']) });
    case 'delete':
      return ok({ type: 'delete', deleted: Number(json['deleted']), revision });
    case 'get':
      return ok({ type: 'get', pair: pairOf(json), revision });
    case 'range':
      return ok({ type: 'range', pairs: (json['kvs'] as Json[]).map(pairOf), revision });
    case 'txn': {
      const succeeded = json['succeeded'] === true;
      const results = json['results'] as { get?: { kvs: Json[] } }[];
      const read = succeeded ? [] : results.map(({ get }) => get?.kvs.map(pairOf)[0] ?? null);
      return ok({ type: 'txn', succeeded, read, revision: Number(json['revision']) });
    }
  }
}

function ok(answer: Answer): Outcome {
  return { type: 'ok', answer };
}

export function pairOf(json: Json): Pair {
  return {
    key: String(json['key']),
    value: String(json['value']),
    createRevision: Number(json['createRevision']),
    modRevision: Number(json['modRevision']),
    version: Number(json['version']),
  };
}
