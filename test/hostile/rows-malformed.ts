/** WHAT MAKES NO SENSE, or another sense to somebody else: framing, paths, JSON, numbers. */
import { head, json, request, type Row } from './support/row.ts';

const CHUNKED = 'Transfer-Encoding: chunked';
const bad = { status: 400, code: 'bad-request' } as const;
/** Bun's own answer. */
const closed = { status: 400, headers: { connection: 'close' } } as const;

const hidden = request('PUT', '/kv/smuggled', { body: 'x' }).toString();

/** Each could hide a second request from a proxy that reads it in the other way. */
const framings: readonly (readonly [what: string, send: string])[] = [
  [
    'a length and chunks',
    `${head('PUT', '/kv/a', 'Content-Length: 5', CHUNKED)}0\r\n\r\n${hidden}`,
  ],
  [
    'chunks and a length',
    `${head('PUT', '/kv/a', CHUNKED, 'Content-Length: 5')}0\r\n\r\n${hidden}`,
  ],
  ['two lengths', `${head('PUT', '/kv/a', 'Content-Length: 1', 'Content-Length: 5')}a${hidden}`],
  ['a list of lengths', `${head('PUT', '/kv/a', 'Content-Length: 1, 5')}a${hidden}`],
  ['a length with a sign', `${head('PUT', '/kv/a', 'Content-Length: +1')}a${hidden}`],
  ['a negative length', `${head('PUT', '/kv/a', 'Content-Length: -1')}a${hidden}`],
  ['a hexadecimal length', `${head('PUT', '/kv/a', 'Content-Length: 0x1')}a${hidden}`],
  ['an empty length', `${head('PUT', '/kv/a', 'Content-Length: ')}a${hidden}`],
  ['a space before a colon', `${head('PUT', '/kv/a', 'Content-Length : 1')}a${hidden}`],
  ['an encoding with a space', `${head('PUT', '/kv/a', 'Transfer-Encoding : chunked')}${hidden}`],
  ['an encoding nobody knows', `${head('PUT', '/kv/a', 'Transfer-Encoding: xchunked')}${hidden}`],
  [
    'two encodings',
    `${head('PUT', '/kv/a', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n${hidden}`,
  ],
  ['chunks twice', `${head('PUT', '/kv/a', CHUNKED, CHUNKED)}0\r\n\r\n${hidden}`],
  ['a chunk that is too short', `${head('PUT', '/kv/a', CHUNKED)}5\r\nabc\r\n0\r\n\r\n${hidden}`],
  ['a chunk that is too long', `${head('PUT', '/kv/a', CHUNKED)}1\r\nabc\r\n0\r\n\r\n${hidden}`],
  ['chunks without carriage returns', `${head('PUT', '/kv/a', CHUNKED)}1\na\n0\n\n${hidden}`],
  ['a folded header', head('GET', '/kv/a', 'X: a\r\n b')],
  ['a NUL in a header', head('GET', '/kv/a', 'X: a\0b')],
  ['no host', 'GET /status HTTP/1.1\r\n\r\n'],
];

const notHttp: readonly (readonly [
  what: string,
  send: string | Uint8Array,
  status: number | null,
])[] = [
  ['a greeting of TLS', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0]), 400],
  ['a greeting of SSH', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', 400],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['HTTP/0.9', 'GET /status\r\n', 505],
  ['HTTP/9.9', 'GET /status HTTP/9.9\r\nHost: localhost\r\n\r\n', 505],
  ['lines without carriage returns', 'GET /status HTTP/1.1\nHost: localhost\n\n', 505],
  ['a space in the path', 'GET /kv/a b HTTP/1.1\r\nHost: localhost\r\n\r\n', 505],
  ['a NUL in the path', 'GET /kv/\0 HTTP/1.1\r\nHost: localhost\r\n\r\n', 505],
  ['a relative path', request('GET', 'kv/a'), 400],
  ['a method of small letters', request('get', '/status'), null],
  ['a method nobody knows', request('FOO', '/status'), null],
];

/** Path, status, code. */
const paths: readonly (readonly [path: string, status: number, code?: Row['code']])[] = [
  ['/kv/%', 400, 'bad-key'],
  ['/kv/%4', 400, 'bad-key'],
  ['/kv/%zz', 400, 'bad-key'],
  ['/kv/%u0041', 400, 'bad-key'],
  ['/kv/a#b', 400, 'bad-key'],
  ['/kv/%00', 404, 'key-not-found'],
  ['/kv//', 404, 'key-not-found'],
  ['/kv/..%2f..%2fetc%2fpasswd', 404, 'key-not-found'],
  ['/kv/%2e%2e%2fstatus', 404, 'key-not-found'],
  ['/../../etc/passwd', 404, 'no-such-route'],
  ['/swagger/../../package.json', 404, 'no-such-route'],
  ['/swagger/..%2f..%2fpackage.json', 404, 'no-such-route'],
  ['/swagger/%2e%2e%2f%2e%2e%2fpackage.json', 404, 'no-such-route'],
  ['//evil.example/status', 404, 'no-such-route'],
  ['/status%00', 404, 'no-such-route'],
  ['/%73tatus', 404, 'no-such-route'],
  // Clients resolve dot segments before they send, and so does Bun: of these the paths are.
  ['/kv/../status', 200],
  ['/kv/%2e%2e/status', 200],
  ['/kv\\..\\status', 200],
  ['/kv/a;/../../status', 200],
];

/** Each as the body of a transaction. */
const notJson: readonly (readonly [what: string, body: string | Uint8Array])[] = [
  ['half of an object', '{"success":['],
  ['something behind the end', '{}{}'],
  ['a byte order mark', '\ufeff{}'],
  ['NaN', '{"success":NaN}'],
  ['single quotes', "{'success':[]}"],
  ['a comma too many', '{"success":[],}'],
  ['a comment', '{}//'],
  ['a NUL', '{}\0'],
  ['bytes that are no UTF-8', Buffer.from('{"success":[{"get":{"key":"\xff"}}]}', 'latin1')],
  ['an overlong slash', Buffer.from('{"success":[{"get":{"key":"\xc0\xaf"}}]}', 'latin1')],
  ['a lone surrogate', '{"success":[{"put":{"key":"\\ud800","value":""}}]}'],
  ['a lone surrogate as a value', '{"success":[{"put":{"key":"a","value":"\\udfff"}}]}'],
  ['two members of one name', '{"success":[],"success":[{"put":{"key":"a","value":""}}]}'],
  ['two members of one name, one escaped', '{"success":[],"succ\\u0065ss":[]}'],
  ['a list', '[]'],
  ['a text', '"success"'],
  ['a number', '1'],
  ['null', 'null'],
  ['__proto__', '{"__proto__":{"success":[]}}'],
  ['constructor', '{"constructor":{"prototype":{}}}'],
  ['an operation __proto__', '{"success":[{"__proto__":{"key":"a"}}]}'],
  ['an operation without a name', '{"success":[{}]}'],
  ['an operation with two names', '{"success":[{"get":{"key":"a"},"delete":{"key":"a"}}]}'],
  ['a field nobody knows', '{"success":[],"then":[]}'],
  ['base64 that is none', '{"success":[{"get":{"key":{"base64":"*"}}}]}'],
];

/** Values of the field `revision` of a compaction. */
const notRevisions = ['-1', '1.5', '1e400', '"1"', '9007199254740993', 'null', '[1]', 'true'];

const json400 = notJson.map(([what, body]): Row => {
  return { topic: 'malformed-json', what, send: json('POST', '/txn', body), ...bad };
});

const numbers: readonly Row[] = [
  ...notRevisions.map((revision): Row => {
    const send = json('POST', '/compact', `{"revision":${revision}}`);
    return { topic: 'numbers', what: `a compaction at ${revision}`, send, ...bad };
  }),
  ...['-1', '1.5', '1e3', '0x1', '', '%20', '9007199254740993', '٣'].map((revision): Row => {
    const send = request('GET', `/kv/a?revision=${encodeURIComponent(revision)}`);
    const what = `the revision ${JSON.stringify(revision)}`;
    return { topic: 'numbers', what, send, status: 400, code: 'bad-revision' };
  }),
  ...['-1', '1.5', 'x', '9007199254740991', '99999999999999999999', ''].map((id): Row => {
    const send = request('GET', '/watch?key=a', { headers: [`Last-Event-ID: ${id}`] });
    const what = `to go on behind the event ${JSON.stringify(id)}`;
    return { topic: 'resume-tokens', what, send, status: 400, code: 'bad-revision' };
  }),
  ...['x', '%00', 'AAAA', '..', '2'.repeat(3000), 'MjAwMDAwMDAwMDAwMDAwMDAxLjEuYQ'].map(
    (cursor): Row => {
      const send = request('GET', `/kv?prefix=&cursor=${cursor}`);
      return { topic: 'resume-tokens', what: `the cursor ${cursor.slice(0, 20)}`, send, ...bad };
    },
  ),
  ...['x'.repeat(65), 'a b', 'a.-1', 'a.01', '', 'é', 'a.9007199254740993'].map((key): Row => {
    const headers = [`Idempotency-Key: ${key}`];
    const send = request('PUT', '/kv/a', { headers, body: 'x' });
    const what = `the idempotency key ${JSON.stringify(key)}`;
    return { topic: 'idempotency-keys', what, send, status: 400, code: 'idempotency-key-invalid' };
  }),
  ...['*', '5', '""', '"-1"', 'W/"5"', '"5", "6"', '"99999999999999999999"'].map((etag): Row => {
    const send = request('PUT', '/kv/a', { headers: [`If-Match: ${etag}`], body: 'x' });
    return { topic: 'numbers', what: `If-Match: ${etag}`, send, ...bad };
  }),
];

const badRanges: readonly (readonly [query: string, code: NonNullable<Row['code']>])[] = [
  ['start=b&end=a', 'bad-request'],
  ['prefix=a&start=b', 'bad-request'],
  ['key=a&prefix=b', 'bad-request'],
  ['prefix=a&prefix=b', 'bad-request'],
  ['prefix=a+b', 'bad-request'],
  ['prefix=%', 'bad-key'],
  ['prefix=&order=up', 'bad-request'],
  ['prefix=&__proto__=1', 'bad-request'],
  ['prefix=&revision=9007199254740991', 'future-revision'],
];

const ranges = badRanges.map(([query, code]): Row => {
  const send = request('GET', `/kv?${query}`);
  return { topic: 'ranges', what: `the range ${query}`, send, status: 400, code };
});

/** What came whole before what is wrong: Bun has passed it on when it says 400. */
const behind: readonly (readonly [what: string, bytes: string])[] = [
  ['a trailer', 'X: y\r\n\r\n'],
  ['a trailer of 40,000 bytes', `X: ${'x'.repeat(40_000)}\r\n\r\n`],
  ['no request', '\r\nGARBAGE\r\n\r\n'],
];

export const MALFORMED_ROWS: readonly Row[] = [
  ...framings.map(([what, send]): Row => ({ topic: 'smuggling', what, send, ...closed })),
  ...behind.map(([what, bytes]): Row => {
    const send = `${head('PUT', '/kv/behind', CHUNKED)}1\r\na\r\n0\r\n${bytes}`;
    return { topic: 'smuggling', what: `${what} behind a body`, send, ...closed, revisions: 1 };
  }),
  ...notHttp.map(([what, send, status]): Row => ({ topic: 'not-http', what, send, status })),
  ...paths.map(([path, status, code]): Row => {
    const problem = code === undefined ? {} : { code };
    return { topic: 'paths', what: path, send: request('GET', path), status, ...problem };
  }),
  {
    topic: 'paths',
    what: 'a deletion whose dots lead out of the keys',
    send: request('DELETE', '/kv/a/../../..?prefix='),
    status: 404,
    code: 'no-such-route',
  },
  ...['/kv/', '/kv?key=', '/history/', '/history?key='].map((path): Row => {
    return {
      topic: 'empty-key',
      what: path,
      send: request('GET', path),
      status: 400,
      code: 'bad-key',
    };
  }),
  {
    topic: 'empty-key',
    what: 'in a transaction',
    send: json('POST', '/txn', { success: [{ put: { key: '', value: '' } }] }),
    status: 400,
    code: 'bad-key',
  },
  ...json400,
  ...numbers,
  ...ranges,
  {
    topic: 'ranges',
    what: 'a compaction of what is yet to come',
    send: json('POST', '/compact', { revision: 9_007_199_254_740_991 }),
    status: 400,
    code: 'future-revision',
  },
  ...[
    ['POST', '/kv/a', 'DELETE, GET, HEAD, PUT'],
    ['PATCH', '/kv/a', 'DELETE, GET, HEAD, PUT'],
    ['TRACE', '/kv/a', 'DELETE, GET, HEAD, PUT'],
    ['GET', '/txn', 'POST'],
    ['GET', '/compact', 'POST'],
    ['GET', '/raft/append', 'POST'],
    ['DELETE', '/backup', 'GET'],
  ].map(([method = '', path = '', allow = '']): Row => {
    const send = request(method, path);
    const refusal = { status: 405, code: 'method-not-allowed', headers: { allow } } as const;
    return { topic: 'methods', what: `${method} ${path}`, send, ...refusal };
  }),
  {
    topic: 'methods',
    what: 'a GET that says it means DELETE',
    send: request('GET', '/kv/none', {
      headers: ['X-HTTP-Method-Override: DELETE', 'X-Method-Override: DELETE'],
    }),
    status: 404,
    code: 'key-not-found',
  },
  {
    topic: 'methods',
    what: 'a tunnel to elsewhere',
    send: request('CONNECT', 'evil.example:80'),
    status: 404,
    code: 'no-such-route',
  },
  {
    topic: 'header-injection',
    what: 'line ends in a key',
    send: request('GET', '/kv/a%0d%0aX-Evil:%201%0d%0a%0d%0a'),
    status: 404,
    code: 'key-not-found',
    headers: { 'x-evil': null },
  },
  ...['<script>', 'a b', 'x'.repeat(65), '%0d%0aX-Evil: 1'].map((id): Row => {
    return {
      topic: 'header-injection',
      what: `the request id ${id.slice(0, 20)}`,
      send: request('GET', '/status', { headers: [`X-Request-Id: ${id}`] }),
      status: 200,
      headers: { 'x-request-id': /^[A-Za-z0-9_-]{1,64}$/, 'x-evil': null },
    };
  }),
  {
    topic: 'header-injection',
    what: 'a traceparent that is none',
    send: request('GET', '/status', { headers: ['traceparent: 00-<script>'] }),
    status: 200,
    headers: { traceparent: null },
  },
  {
    topic: 'slow-clients',
    what: 'a client that waits to be asked for a body that is too large',
    send: head('PUT', '/kv/a', 'Expect: 100-continue', 'Content-Length: 999999999'),
    status: 100,
    body: /^HTTP\/1.1 413 /,
  },
];
