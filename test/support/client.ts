/** What one attempt to write or read over HTTP came to. */
export type Outcome =
  | { readonly type: 'ok'; readonly status: number; readonly body: Record<string, unknown> }
  /** The server says it certainly had no effect. */
  | { readonly type: 'no'; readonly status: number; readonly body: Record<string, unknown> }
  /** The server says it may have had one, or the connection broke. */
  | { readonly type: 'unknown'; readonly status: number };

export interface RequestOptions {
  readonly headers?: Record<string, string>;
  /** Server's time to answer; the client waits a little longer. */
  readonly timeoutMs?: number;
}

export async function put(
  url: string,
  key: string,
  value: string | Uint8Array<ArrayBuffer>,
  options: RequestOptions = {},
): Promise<Outcome> {
  return await request('PUT', `${url}/kv/${encodeKey(key)}`, value, options);
}

export async function get(
  url: string,
  key: string,
  options: RequestOptions = {},
): Promise<Outcome> {
  return await request('GET', `${url}/kv/${encodeKey(key)}`, null, options);
}

/** The value's bytes, linearizable; null when the key is absent. */
export async function getRaw(url: string, key: string): Promise<Uint8Array | null> {
  const response = await fetch(`${url}/kv?key=${encodeURIComponent(key)}&raw`, {
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return await response.bytes();
}

/** Keeps trying through any of the nodes until the write is acknowledged. */
export async function putSurely(urls: readonly string[], key: string, value: string) {
  const end = performance.now() + 30_000;
  for (let i = 0; performance.now() < end; i += 1) {
    const url = urls[i % urls.length] ?? '';
    const outcome = await put(url, key, value, { timeoutMs: 2000 });
    if (outcome.type === 'ok') return outcome;
    await Bun.sleep(20);
  }
  throw new Error(`${key} could not be written within 30 s`);
}

export async function request(
  method: string,
  url: string,
  body: string | Uint8Array<ArrayBuffer> | null,
  options: RequestOptions = {},
): Promise<Outcome> {
  const { timeoutMs = 5000, headers = {} } = options;
  try {
    const response = await fetch(url, {
      method,
      body,
      headers: { 'Abcd-Timeout': `${timeoutMs}ms`, ...headers },
      signal: AbortSignal.timeout(timeoutMs + 2000),
      keepalive: false,
    });
    const json = (await response.json()) as Record<string, unknown>;
    if (response.ok) return { type: 'ok', status: response.status, body: json };
    if (json['applied'] === 'no') return { type: 'no', status: response.status, body: json };
    return { type: 'unknown', status: response.status };
  } catch {
    return { type: 'unknown', status: 0 };
  }
}

function encodeKey(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}
