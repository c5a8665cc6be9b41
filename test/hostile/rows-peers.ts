/**
 * FROM PEER TO PEER: forged, recorded and senseless messages, made for a node of a cluster with a
 * secret. Whoever holds the secret is believed, but what he says must make sense.
 */
import type { ClusterId, MemberId } from '../../src/lib/ids.ts';
import { encodeSnapshotChunk } from '../../src/transport/frames.ts';
import { formatSignature, signRequest } from '../../src/transport/peer-signature.ts';
import { formatWireRange, WIRE_VERSIONS } from '../../src/wire/raft-version.ts';
import { type Bytes, exchange, head, request, type Row } from './support/row.ts';

export const SECRET = 'a secret that nobody else has';
const WIRE = formatWireRange(WIRE_VERSIONS);

/** Whom the messages are for, and in whose name they are sent. */
export interface Mark {
  readonly port: number;
  readonly clusterId: ClusterId;
  readonly to: MemberId;
  readonly from: MemberId;
  readonly term: number;
}

interface Letter {
  readonly path?: string;
  readonly body?: Bytes;
  readonly clusterId?: string;
  readonly to?: string;
  readonly from?: string;
  readonly wire?: string;
  /** The signature header; null for none. */
  readonly signature?: string | null;
}

function letter(mark: Mark, changed: Letter): Uint8Array {
  const { path = '/raft/read-index', body = question(mark), signature = null } = changed;
  const { clusterId, to, from, wire } = { ...mark, wire: WIRE, ...changed };
  const headers = [
    `Abcd-Cluster: ${clusterId}`,
    `Abcd-To: ${to}`,
    `Abcd-From: ${from}`,
    `Abcd-Wire: ${wire}`,
    ...(signature === null ? [] : [`Abcd-Signature: ${signature}`]),
  ];
  return request('POST', path, { headers, body });
}

/** An append with these fields. */
function append(mark: Mark, fields: object = {}, entries: readonly string[] = []): string {
  const { from, to, term } = mark;
  const place = { prevIndex: 0, prevTerm: 0, count: entries.length, commitIndex: 0 };
  const message = { type: 'append', from, to, term, seq: 1, ...place, round: 0, recovery: 0 };
  return `${[JSON.stringify({ ...message, ...fields }), ...entries].join('\n')}\n`;
}

/** What anybody may ask. */
function question({ from, to, term }: Mark): string {
  return `${JSON.stringify({ type: 'read-index', from, to, term, seq: 1, context: 1 })}\n`;
}

/** Speaks as a member that holds the secret, or some secret. */
export class Speaker {
  readonly #mark: Mark;
  readonly #secret: string;
  readonly #nonce = crypto.randomUUID();
  #session = '';
  #counter = 0;

  constructor(mark: Mark, secret: string) {
    this.#mark = mark;
    this.#secret = secret;
  }

  /** The letter with a signature; what is sent may be another one than what was signed. */
  sign(signed: Letter, sent: Letter = signed, counter?: number): Uint8Array {
    this.#counter += 1;
    const { path = '/raft/read-index', body = question(this.#mark) } = signed;
    const parts = { nonce: this.#nonce, counter: counter ?? this.#counter, session: this.#session };
    const { clusterId: cluster, to, from } = this.#mark;
    const mac = signRequest(this.#secret, { cluster, to, from, wire: WIRE, path, body, ...parts });
    return letter(this.#mark, { ...sent, signature: formatSignature({ ...parts, mac }) });
  }

  /** Asks for a session, as every sender does first. */
  async begin(): Promise<this> {
    const answer = await exchange(this.sign({}), this.#mark.port);
    this.#session = answer.headers.get('abcd-challenge') ?? '';
    return this;
  }
}

const ROUTES = ['pre-vote', 'vote', 'append', 'timeout-now', 'read-index', 'snapshot', 'forward'];

const mismatch = { status: 412, code: 'cluster-mismatch' } as const;
const stranger = { status: 412, code: 'member-mismatch' } as const;
const forbidden = { status: 403, code: 'forbidden' } as const;
const bad = { status: 400, code: 'bad-request' } as const;

/** Of whoever can reach the port. */
export function strangersRows(mark: Mark): readonly Row[] {
  const cluster = ['78', '', '__proto__', `${mark.clusterId}0`, ` ${mark.clusterId}, 1`];
  const wires = ['', '0-0', '2-9', '9', '1-1-1', '-1-5', '1e3-1e3', 'NaN-NaN'];
  const signatures = [
    '',
    '-',
    'x'.repeat(5000),
    `${'a'.repeat(36)} 1 - ${'0'.repeat(64)}`,
    '1 1 1 1',
  ];
  return [
    ...cluster.map((clusterId): Row => {
      const what = `the cluster ${JSON.stringify(clusterId)}`;
      return { topic: 'wrong-cluster', what, send: letter(mark, { clusterId }), ...mismatch };
    }),
    ...['7', '', mark.from, '__proto__'].map((to): Row => {
      const what = `for ${JSON.stringify(to)}`;
      return { topic: 'wrong-cluster', what, send: letter(mark, { to }), ...stranger };
    }),
    ...wires.map((wire): Row => {
      const refusal = { status: 412, code: 'wire-version-mismatch' } as const;
      const what = `the protocol ${JSON.stringify(wire)}`;
      return { topic: 'wrong-cluster', what, send: letter(mark, { wire }), ...refusal };
    }),
    ...['', '0', 'x', '9223372036854775808', mark.to].map((from): Row => {
      const what = `in the name of ${JSON.stringify(from)}`;
      return { topic: 'forged-peers', what, send: letter(mark, { from }), ...bad };
    }),
    ...ROUTES.map((route): Row => {
      const send = letter(mark, { path: `/raft/${route}` });
      const refusal = { status: 401, code: 'unauthorized' } as const;
      return { topic: 'forged-peers', what: `/raft/${route} unsigned`, send, ...refusal };
    }),
    ...signatures.map((signature): Row => {
      const what = `the signature ${JSON.stringify(signature.slice(0, 20))}`;
      const refusal = signature === '' ? { status: 403 } : forbidden;
      return { topic: 'forged-peers', what, send: letter(mark, { signature }), ...refusal };
    }),
    {
      topic: 'forged-peers',
      what: 'signed with another secret',
      send: new Speaker(mark, 'a guess').sign({}),
      ...forbidden,
    },
    {
      topic: 'forged-peers',
      what: 'a route that nobody knows',
      send: letter(mark, { path: '/raft/__proto__' }),
      status: 404,
      code: 'no-such-route',
    },
    {
      topic: 'huge-appends',
      what: '20 MiB of entries, of which nothing comes',
      send: head('POST', '/raft/append', `Content-Length: ${20 * 2 ** 20}`),
      status: 413,
      code: 'body-too-large',
    },
  ];
}

/** Of whoever has listened, and sends again what was sent, whole or with another part. */
export async function listenersRows(mark: Mark): Promise<readonly Row[]> {
  const member = await new Speaker(mark, SECRET).begin();
  const vote = { path: '/raft/vote' };
  const used = member.sign({});
  const heard = await exchange(used, mark.port);
  if (heard.status !== 200) throw new Error(`a member is not heard: ${heard.body}`);
  return [
    { topic: 'replays', what: 'a message that was heard', send: used, ...forbidden },
    { topic: 'replays', what: 'its number again', send: member.sign({}, {}, 2), ...forbidden },
    {
      topic: 'replays',
      what: 'a message of an earlier life',
      send: new Speaker(mark, SECRET).sign({}),
      status: 401,
      code: 'unauthorized',
      headers: { 'abcd-challenge': /^[1-9][0-9]*\.[0-9a-f]{64}$/ },
    },
    {
      topic: 'forged-peers',
      what: 'a signature under another body',
      send: member.sign({}, { body: append(mark, { commitIndex: 1 }) }),
      ...forbidden,
    },
    {
      topic: 'forged-peers',
      what: 'a signature under another route',
      send: member.sign({}, vote),
      ...forbidden,
    },
    {
      topic: 'forged-peers',
      what: 'a signature of another sender',
      send: member.sign({}, { from: '7' }),
      ...forbidden,
    },
  ];
}

/** Of a member that is out of its mind: what it signs is read, and refused for its form. */
export async function madRows(mark: Mark): Promise<readonly Row[]> {
  const member = await new Speaker(mark, SECRET).begin();
  const entry = (index: number, term: number, command: string): string =>
    `{"index":${index},"term":${term},"command":${command}}`;
  const noop = '{"v":1,"kind":"noop","requestId":null,"at":0,"by":null}';
  const { term } = mark;
  const appends: readonly (readonly [what: string, body: Bytes])[] = [
    ['a term of a million elections', append(mark, { term: term + 1_000_001 })],
    ['the last term there is', append(mark, { term: 2 ** 53 - 2 ** 20 })],
    ['a term beyond the last', append(mark, { term: 2 ** 53 })],
    ['no term', append(mark, { term: null })],
    ['half a term', append(mark, { term: 1.5 })],
    ['a negative term', append(mark, { term: -1 })],
    ['a field nobody knows', append(mark, { more: 1 })],
    ['another sender than the headers have', append(mark, { from: '7' })],
    ['another addressee', append(mark, { to: '7' })],
    ['more entries than come', append(mark, { count: 2 ** 31 })],
    ['fewer entries than come', append(mark, { count: 0 }, [entry(1, 1, noop)])],
    ['an entry out of place', append(mark, {}, [entry(5, 1, noop)])],
    ['an entry of a later term', append(mark, {}, [entry(1, term + 1, noop)])],
    ['falling terms', append(mark, {}, [entry(1, 2, noop), entry(2, 1, noop)])],
    [
      'an index of 17 digits',
      append(mark, {}, ['{"index":99999999999999999,"term":1,"command":{}}']),
    ],
    ['a command that is none', append(mark, {}, [entry(1, 1, '[]')])],
    ['half of a command', append(mark, {}, [entry(1, 1, '{"v":1')])],
    [
      'a membership that is none',
      append(mark, {}, [entry(1, 1, '{"v":1,"kind":"configuration"}')]),
    ],
    ['no end of line', append(mark).trimEnd()],
    ['no JSON', 'append\n'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d, 0x0a])],
    ['nothing', ''],
    ['a vote', append(mark, { type: 'vote' })],
  ];
  const refused = (topic: Row['topic'], path: string, what: string, content: Bytes): Row => {
    return { topic, what, send: member.sign({ path, body: content }), ...bad };
  };
  const { piece, spoilt } = pieces(term);
  return [
    ...appends.map(([what, body]) => {
      const topic = what.includes('term') ? 'term-inflation' : 'huge-appends';
      return refused(topic, '/raft/append', what, body);
    }),
    ...spoilt.map(([what, body]) => refused('snapshots-of-nobody', '/raft/snapshot', what, body)),
    {
      topic: 'snapshots-of-nobody',
      what: 'a whole file of an older term',
      send: member.sign({ path: '/raft/snapshot', body: piece }),
      status: 200,
      body: /"nextOffset":0,"done":false/,
    },
  ];
}

/** A piece of a snapshot that nobody has made, and what it may not be. */
function pieces(term: number) {
  const file = { index: 10 ** 9, term, bytes: 5, hash: '0'.repeat(64) };
  const configuration = { members: [], removed: [], clusterVersion: 1 };
  const chunk = { term: 1, recovery: 0, snapshot: { ...file, configuration }, offset: 0 };
  const piece = Buffer.from(encodeSnapshotChunk({ ...chunk, bytes: Buffer.from('hello') }));
  const spoilt: readonly (readonly [what: string, body: Bytes])[] = [
    [
      'bytes that have changed on the way',
      Buffer.concat([piece.subarray(0, -1), Buffer.from('x')]),
    ],
    ['fewer bytes than it says', piece.subarray(0, -1)],
    ['more bytes than it says', Buffer.concat([piece, Buffer.from('x')])],
    ['a head without an end', Buffer.from('{"term":1')],
    ['no head', Buffer.from('\n')],
    [
      'a piece behind the end of the file',
      Buffer.from(piece.toString().replace('"offset":0', '"offset":9')),
    ],
    [
      'a hash that is none',
      Buffer.from(piece.toString().replace('0'.repeat(64), '../../etc/passwd')),
    ],
  ];
  return { piece, spoilt };
}

/** The same of what a leader is asked: refused by an answer that is signed as any other. */
export async function forwardRows(mark: Mark): Promise<readonly Row[]> {
  const member = await new Speaker(mark, SECRET).begin();
  const propose = (body: unknown): readonly [string, unknown] => ['propose', body];
  const put = { kind: 'put', key: 'a', value: '1', prev: false, condition: null };
  const asked: readonly (readonly [operation: string, body: unknown])[] = [
    propose(null),
    propose({ kind: 'poison' }),
    propose({ kind: 'configuration', change: { type: 'found' }, configuration: {} }),
    propose({ kind: 'noop' }),
    propose({ ...put, v: 2 }),
    propose({ ...put, at: 2 ** 52 }),
    propose({ ...put, key: null }),
    ['add-member', { id: '5', name: null, url: 'http://169.254.169.254/latest' }],
    ['add-member', { id: '__proto__', name: {}, url: 7 }],
    ['remove-member', null],
    ['transfer', { to: 5 }],
    ['update-member', { id: '5', url: 'file:///etc/passwd' }],
    ['keep-alive', { id: 5 }],
    ['state-hash', null],
    ['fence', null],
    ['__proto__', {}],
    ['constructor', {}],
  ];
  return asked.map(([operation, body]): Row => {
    const frame = { operation, requestId: 'x.1', body, timeoutMs: 1000 };
    const send = member.sign({ path: '/raft/forward', body: JSON.stringify(frame) });
    const what = `${operation} ${JSON.stringify(body).slice(0, 60)}`;
    return { topic: 'poison-entries', what, send, status: 200, body: /"ok":false.*"bad-request"/ };
  });
}
