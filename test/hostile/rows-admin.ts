/** WHO ASKS, AND FOR WHAT: pages of other sites, other hosts, members that lead elsewhere. */
import { json, request, type Row } from './support/row.ts';

const bad = { status: 400, code: 'bad-request' } as const;
const EVIL = 'Origin: http://evil.example';
const SOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Addresses that a node must not be made to call. */
const urls: readonly unknown[] = [
  'file:///etc/passwd',
  'gopher://10.0.0.1:8080',
  'javascript:alert(1)',
  'http://',
  'http://user:password@10.0.0.1:8080',
  'http://10.0.0.1:8080/path',
  'http://169.254.169.254/latest/meta-data',
  'http://10.0.0.1:8080?query',
  'http://10.0.0.1:8080#fragment',
  'http://10.0.0.1:8080/..',
  'http:\\\\10.0.0.1:8080',
  'http://10.0.0.1:0',
  'http://10.0.0.1:99999',
  'http://10.0.0.1:80 80',
  'http://10.0.0.1:8080\r\nX-Evil: 1',
  `http://${'a'.repeat(3000)}:8080`,
  '',
  null,
  8080,
  ['http://10.0.0.1:8080'],
];
const names = ['<img src=x onerror=alert(1)>', '../n1', 'a\r\nb', '', 'x'.repeat(65), '-n', 5];
const ids = ['0', '-1', '01', '9223372036854775808', '__proto__', '1e3', '', 5];

const changes: readonly (readonly [method: string, path: string])[] = [
  ['PUT', '/kv/a'],
  ['DELETE', '/kv?prefix='],
  ['POST', '/txn'],
  ['POST', '/leases'],
  ['POST', '/cluster/members'],
  ['POST', '/cluster/leader'],
  ['POST', '/node/step-down'],
  ['POST', '/node/campaign'],
  ['POST', '/raft/append'],
];

const crossSite: readonly Row[] = [
  ...changes.flatMap(([method, path]): Row[] => {
    const refusal = { status: 403, code: 'cross-origin' } as const;
    const none = { 'access-control-allow-origin': null } as const;
    return [EVIL, 'Origin: null', 'Origin: http://localhost:1'].map((origin) => {
      const what = `${method} ${path} by a page of ${origin.slice(8)}`;
      const send = request(method, path, { headers: [origin] });
      return { topic: 'cross-site', what, send, ...refusal, headers: none };
    });
  }),
  {
    topic: 'cross-site',
    what: 'a WebSocket of a page elsewhere',
    send: request('GET', '/watch?key=a', { headers: [EVIL, ...SOCKET] }),
    status: 403,
    code: 'cross-origin',
  },
  {
    topic: 'cross-site',
    what: 'the question whether a page elsewhere may write',
    send: request('OPTIONS', '/kv/a', { headers: [EVIL, 'Access-Control-Request-Method: PUT'] }),
    status: 403,
    code: 'cross-origin',
    headers: { 'access-control-allow-origin': null, 'access-control-allow-methods': null },
  },
  ...['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''].map(
    (type): Row => ({
      topic: 'cross-site',
      what: `a form of the type ${JSON.stringify(type)}`,
      send: request('POST', '/leases', { headers: [`Content-Type: ${type}`], body: '{"ttl":60}' }),
      status: 415,
      code: 'unsupported-media-type',
    }),
  ),
];

const hosts: readonly Row[] = [
  ...['evil.example', 'localhost.evil.example', '169.254.169.254', '0.0.0.0', '[::2]'].flatMap(
    (host) =>
      ['/status', '/kv/a', '/swagger', '/raft/append', '/nowhere'].map((path): Row => {
        const send = request('GET', path, { host });
        const what = `${path} of ${host}`;
        return { topic: 'host-names', what, send, status: 421, code: 'wrong-host' };
      }),
  ),
  ...['a/b', 'user@localhost', 'localhost:x', 'localhost, evil', ''].map((host): Row => {
    const send = request('GET', '/status', { host });
    return { topic: 'host-names', what: `the host ${JSON.stringify(host)}`, send, ...bad };
  }),
  {
    topic: 'host-names',
    what: 'two hosts',
    send: request('GET', '/status', { headers: ['Host: evil.example'] }),
    ...bad,
  },
  {
    topic: 'host-names',
    what: 'a URL of another host, which the path alone is taken of',
    send: request('GET', 'http://evil.example/kv/none'),
    status: 404,
    code: 'key-not-found',
  },
  {
    topic: 'host-names',
    what: 'a URL of this host under the name of another',
    send: request('GET', 'http://localhost/status', { host: 'evil.example' }),
    status: 421,
    code: 'wrong-host',
  },
];

export const ADMIN_ROWS: readonly Row[] = [
  ...crossSite,
  ...hosts,
  ...urls.flatMap((url): Row[] => [
    {
      topic: 'outgoing-requests',
      what: `a member at ${JSON.stringify(url).slice(0, 60)}`,
      send: json('POST', '/cluster/members', { url }),
      ...bad,
    },
    {
      topic: 'outgoing-requests',
      what: `a member that moves to ${JSON.stringify(url).slice(0, 60)}`,
      send: json('PUT', '/cluster/members/1', { url }),
      ...bad,
    },
  ]),
  ...names.map((name): Row => {
    const send = json('POST', '/cluster/members', { url: 'http://10.0.0.1:8080', name });
    const what = `a member of the name ${JSON.stringify(name).slice(0, 40)}`;
    return { topic: 'hostile-members', what, send, ...bad };
  }),
  ...ids.map((id): Row => {
    const send = json('POST', '/cluster/members', { url: 'http://10.0.0.1:8080', id });
    return { topic: 'hostile-members', what: `a member of the id ${String(id)}`, send, ...bad };
  }),
  ...['0', 'x', '%2531', '-1', '__proto__', '9223372036854775808'].map((id): Row => {
    const send = request('DELETE', `/cluster/members/${id}`);
    return { topic: 'unsafe-membership', what: `the removal of ${id}`, send, ...bad };
  }),
  {
    topic: 'unsafe-membership',
    what: 'the removal of who never was',
    send: request('DELETE', '/cluster/members/7'),
    status: 404,
    code: 'member-not-found',
  },
  {
    topic: 'unsafe-membership',
    what: 'leadership for who never was',
    send: json('POST', '/cluster/leader', { to: '7' }),
    status: 404,
    code: 'member-not-found',
  },
  {
    topic: 'script-injection',
    what: 'a script as a key that is not there',
    send: request('GET', '/kv/%3Cscript%3Ealert(1)%3C%2Fscript%3E', {
      headers: ['Accept: text/html'],
    }),
    status: 404,
    code: 'key-not-found',
    headers: { 'x-content-type-options': 'nosniff' },
  },
  {
    topic: 'script-injection',
    what: 'a script as a path',
    send: request('GET', '/<script>alert(1)</script>'),
    status: 404,
    code: 'no-such-route',
    headers: { 'x-content-type-options': 'nosniff' },
  },
  {
    topic: 'script-injection',
    what: 'a script as a parameter',
    send: request('GET', '/status?<script>'),
    ...bad,
    headers: { 'x-content-type-options': 'nosniff' },
  },
  ...['/faults', '/debug', '/debug/pprof', '/.env', '/.git/config', '/admin', '/v3/kv/put'].map(
    (path): Row => ({
      topic: 'inner-details',
      what: path,
      send: request('GET', path),
      status: 404,
      code: 'no-such-route',
    }),
  ),
];
