/**
 * PEERS OUT OF THEIR MINDS. `wire`: bytes on `/raft/*` are refused by the error table or read as
 * what they say. `core`: messages that are well-formed, and make no sense. A node may end itself
 * where they prove that the protocol was broken, and nowhere else; else its state stays sound.
 */
import { isDeepStrictEqual } from 'node:util';
import type { MemberId } from '../../../src/lib/ids.ts';
import type { Prng } from '../../../src/lib/prng.ts';
import { createEntry, type Entry } from '../../../src/raft/entry.ts';
import { checkState, checkStep, summarize } from '../../../src/raft/invariants.ts';
import type { Message } from '../../../src/raft/message.ts';
import { Raft } from '../../../src/raft/raft.ts';
import type { Ready } from '../../../src/raft/ready.ts';
import { AssertionError } from '../../../src/lib/assert.ts';
import { FetchTransport } from '../../../src/transport/fetch-transport.ts';
import { encodeForward, encodeSnapshotChunk } from '../../../src/transport/frames.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeMessage,
  type WireMessage,
  type WireRequest,
} from '../../../src/wire/raft-codec.ts';
import { formatWireRange, WIRE_VERSIONS } from '../../../src/wire/raft-version.ts';
import { RaftDisk } from '../../support/raft-disk.ts';
import {
  foundingCommand,
  idOf,
  logOf,
  NOOP,
  put,
  raftConfig,
  votersUpTo,
} from '../../support/raft-members.ts';
import { transportOptions } from '../../transport/http-pair.ts';
import { ManualClock } from '../../transport/manual-clock.ts';
import { Recorder } from '../../transport/recorder.ts';
import {
  A,
  appendRequest,
  B,
  CLUSTER,
  responseTo,
  snapshotChunk,
} from '../../transport/samples.ts';
import { type Cases, type Fuzzer, note } from './fuzzer.ts';
import { mutated, oddJson } from './mutate.ts';

const HEADERS = {
  'abcd-cluster': CLUSTER,
  'abcd-from': A,
  'abcd-to': B,
  'abcd-wire': formatWireRange(WIRE_VERSIONS),
};
const envelope = { from: A, to: B, term: 3, seq: 9 };
const logEnd = { lastIndex: 5, lastTerm: 2 };
const requests: readonly WireRequest[] = [
  { ...appendRequest(1), from: A, to: B },
  { type: 'pre-vote', ...envelope, ...logEnd, survey: false },
  { type: 'vote', ...envelope, ...logEnd, transfer: false },
  { type: 'timeout-now', ...envelope },
  { type: 'read-index', ...envelope, context: 5 },
];

/** Valid bodies by route, to be spoilt. */
function bodies(): readonly (readonly [route: string, body: Uint8Array])[] {
  const forward = {
    request: { from: A, to: B, operation: 'propose', requestId: 'x.1', body: { kind: 'put' } },
    timeoutMs: 1000,
  };
  return [
    ...requests.map((one): [string, Uint8Array] => [one.type, Buffer.from(encodeMessage(one))]),
    ['snapshot', encodeSnapshotChunk(snapshotChunk(Buffer.from('hello')))],
    ['forward', Buffer.from(encodeForward(forward))],
  ];
}

function spoilt(prng: Prng, body: Uint8Array): Buffer {
  if (prng.chance(0.4)) return mutated(prng, body);
  const [line = '', ...rest] = Buffer.from(body).toString('latin1').split('\n');
  try {
    const odd = JSON.stringify(oddJson(prng, JSON.parse(line)));
    return Buffer.from([odd, ...rest].join('\n'), 'latin1');
  } catch {
    return mutated(prng, body);
  }
}

export const WIRE_FUZZER: Fuzzer = {
  name: 'wire',
  start: (): Cases => {
    const node = new Recorder();
    const transport = new FetchTransport(
      transportOptions({ self: B, clock: new ManualClock() }),
      node,
    );
    node.onRequest = (message) => transport.send(responseTo(message as WireRequest));
    node.snapshot = () => Promise.resolve({ term: 3, nextOffset: 0, done: false });
    node.forward = () => Promise.resolve({ ok: true, body: null });
    const valid = bodies();
    const seen = new Map<string, number>();
    const one = async (prng: Prng): Promise<void> => {
      const [route, whole] = prng.pick(valid);
      const body = spoilt(prng, whole);
      const path = `/raft/${prng.chance(0.05) ? prng.pick(valid)[0] : route}`;
      try {
        const { status } = await transport.endpoint.handle({
          path,
          headers: new Headers(HEADERS),
          body,
        });
        note(seen, `${route} ${status}`);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status >= 500) throw error;
        note(seen, `${route} ${error.code}`);
      }
      answerOf(prng, body);
    };
    return { one, seen, end: () => transport.close() };
  },
};

/** The same bytes as an answer: read as what they say, or refused. */
function answerOf(prng: Prng, body: Buffer): void {
  const type = prng.pick(requests).type;
  const whole = Buffer.from(encodeMessage(responseTo(requests[0] ?? prng.pick(requests))));
  for (const bytes of [body, mutated(prng, whole)]) {
    try {
      const answer: WireMessage = decodeResponse(`${type}-response`, bytes);
      const text = Buffer.from(encodeMessage(answer));
      if (!isDeepStrictEqual(decodeResponse(answer.type, text), answer)) throw new Error('changes');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
}

/**
 * What only a broken protocol can bring about: two leaders in a term, or an entry that was changed
 * under its term. The node that sees it ends.
 */
const PROOFS = [/^two leaders in term/, /^term falls from/];

/** One node of three, and everything it is told comes from nobody. */
class Lonely {
  readonly disk: RaftDisk;
  readonly raft: Raft;

  constructor(prng: Prng) {
    const terms = [1, ...Array.from({ length: prng.between(0, 6) }, (_, i) => 1 + (i >> 1))];
    const entries = logOf(votersUpTo(3), terms);
    const state = { term: (terms.at(-1) ?? 1) + prng.between(0, 2), vote: null };
    this.disk = new RaftDisk({ state, entries });
    this.raft = new Raft(raftConfig(1), prng.fork(), this.disk.restore(prng.chance(0.2)));
  }

  /** @throws AssertionError when the core does */
  run(input: (raft: Raft) => void): void {
    const before = summarize(this.raft.state);
    input(this.raft);
    checkStep(before, this.raft.state);
    checkState(this.raft.state);
    while (this.raft.hasReady()) this.#persist(this.raft.ready());
  }

  #persist(ready: Ready): void {
    this.disk.write(ready);
    if (ready.mark !== null) this.raft.persisted(ready.mark);
    checkState(this.raft.state);
  }
}

export const CORE_FUZZER: Fuzzer = {
  name: 'core',
  start: (): Cases => {
    const seen = new Map<string, number>();
    return { one: (prng) => tell(new Lonely(prng), prng, seen), seen };
  },
};

function tell(node: Lonely, prng: Prng, seen: Map<string, number>): void {
  for (let n = 0; n < 60; n += 1) {
    try {
      if (prng.chance(0.3)) node.run((raft) => raft.tick());
      else if (prng.chance(0.05)) node.run((raft) => raft.propose(put('mine')));
      else if (prng.chance(0.06)) node.run((raft) => raft.readIndex(n));
      else {
        const message = senseless(node.raft, prng);
        note(seen, `${node.raft.state.role.name} ${message.type}`);
        node.run((raft) => raft.step(message));
      }
    } catch (error) {
      const isProof =
        error instanceof AssertionError && PROOFS.some((one) => one.test(error.message));
      if (!isProof) throw error;
      note(seen, error.message.replaceAll(/\d+/g, '#'));
      return;
    }
  }
}

/** Well-formed: it has been through the codec. */
function senseless(raft: Raft, prng: Prng): Message {
  const { term, log, upcomingSeq } = raft.state;
  const near = (value: number): number => Math.max(0, value + prng.between(-2, 3));
  const common = {
    from: prng.pick([2, 3, 9]).toString() as MemberId,
    to: idOf(1),
    term: near(term),
    seq: prng.pick([1, upcomingSeq - 1, upcomingSeq - 2].map((seq) => Math.max(0, seq))),
  };
  const end = { lastIndex: near(log.lastIndex), lastTerm: near(log.lastTerm) };
  const flag = prng.chance(0.5);
  const index = Math.min(log.lastIndex, near(log.lastIndex));
  const recovery = prng.pick([0, 0, 7, raft.state.recovery?.id ?? 0]);
  const round = prng.between(0, 3);
  const message = prng.pick<() => WireMessage>([
    () => ({ type: 'pre-vote', ...common, ...end, survey: flag }),
    () => ({ type: 'vote', ...common, ...end, transfer: flag }),
    () => append(raft, prng, { ...common, recovery, round }),
    () => append(raft, prng, { ...common, recovery, round }),
    () => ({ type: 'timeout-now', ...common }),
    () => ({ type: 'read-index', ...common, context: n32(prng) }),
    () => ({ type: 'pre-vote-response', ...common, ...end, granted: flag }),
    () => ({ type: 'vote-response', ...common, ...end, granted: flag }),
    () => {
      const answer = { ok: flag, index, conflictTerm: near(log.lastTerm), round, recovery };
      return { type: 'append-response', ...common, ...answer };
    },
    () => ({ type: 'timeout-now-response', ...common }),
    () => ({
      type: 'read-index-response',
      ...common,
      context: n32(prng),
      index: flag ? index : null,
    }),
  ])();
  const bytes = Buffer.from(encodeMessage(message));
  if (message.type.endsWith('-response')) return decodeResponse(message.type as never, bytes);
  return decodeRequest(message.type as never, bytes);
}

function n32(prng: Prng): number {
  return prng.between(0, 5);
}

function append(
  raft: Raft,
  prng: Prng,
  common: Pick<
    WireRequest & { type: 'append' },
    'from' | 'to' | 'seq' | 'recovery' | 'round' | 'term'
  >,
): WireRequest {
  const { log } = raft.state;
  const prevIndex = Math.max(0, log.lastIndex - prng.between(-1, 6));
  const known = prng.chance(0.8) ? log.term(prevIndex) : null;
  const term = Math.max(1, common.term);
  const prevTerm = prevIndex === 0 ? 0 : Math.min(term, known ?? prng.between(0, term + 1));
  const entries: Entry[] = [];
  let last = prevTerm;
  for (let i = prng.between(0, 4); i > 0; i -= 1) {
    const index = prevIndex + entries.length + 1;
    last = prng.between(Math.max(1, last), term + 1);
    const command = prng.pick([NOOP, put('x'), foundingCommand(votersUpTo(prng.between(1, 5)))]);
    entries.push(createEntry(index, last, command));
  }
  const commitIndex = Math.max(0, log.lastIndex + prng.between(-3, 4));
  return { type: 'append', ...common, term, prevIndex, prevTerm, entries, commitIndex };
}
