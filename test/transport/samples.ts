import { type ClusterId, type MemberId, parseClusterId, parseMemberId } from '../../src/lib/ids.ts';
import { must } from '../../src/lib/assert.ts';
import { createEntry, type Entry } from '../../src/raft/entry.ts';
import type { AppendRequest, ResponseMessage } from '../../src/raft/message.ts';
import type { SnapshotChunk } from '../../src/transport/transport.ts';
import type { WireRequest } from '../../src/wire/raft-codec.ts';

export const A: MemberId = must(parseMemberId('101'), 'A');
export const B: MemberId = must(parseMemberId('9223372036854775807'), 'B');
export const STRANGER: MemberId = must(parseMemberId('404'), 'stranger');
export const CLUSTER: ClusterId = must(parseClusterId('77'), 'cluster');

/** A command whose text has each sort of character that JSON or UTF-8 treats specially. */
export function putEntry(index: number, term: number, value = '\u0000\n"\\\u007fÿé'): Entry {
  const command = { v: 1, kind: 'put', requestId: null, at: 1_700_000_000_000, by: null };
  return createEntry(index, term, { ...command, key: 'k', value } as Entry['command']);
}

export function configurationEntry(index: number, term: number): Entry {
  const member = {
    id: A,
    name: 'eins – 一',
    peerUrls: ['http://127.0.0.1:1'],
    clientUrls: [],
    learner: true,
    autoPromote: true,
    active: false,
  };
  const command = {
    v: 1,
    kind: 'configuration',
    requestId: 'r-1',
    at: 1,
    by: null,
    change: { type: 'add-learner', member },
    configuration: { members: [member], removed: [B], clusterVersion: 1 },
  };
  return createEntry(index, term, command);
}

export function appendRequest(seq: number, entries: readonly Entry[] = []): AppendRequest {
  return {
    type: 'append',
    from: A,
    to: B,
    term: 7,
    seq,
    prevIndex: entries.length === 0 ? 4 : (entries[0]?.index ?? 1) - 1,
    prevTerm: 3,
    entries,
    commitIndex: 4,
    round: 9,
    recovery: 9,
  };
}

/** One request of each type, from A to B. */
export function requests(): WireRequest[] {
  const envelope = { from: A, to: B, term: 7 };
  return [
    { type: 'pre-vote', ...envelope, seq: 1, lastIndex: 5, lastTerm: 3, survey: false },
    { type: 'vote', ...envelope, seq: 2, lastIndex: 5, lastTerm: 3, transfer: true },
    appendRequest(3),
    appendRequest(4, [putEntry(5, 3), putEntry(6, 7), configurationEntry(7, 7)]),
    { type: 'timeout-now', ...envelope, seq: 5 },
    { type: 'read-index', ...envelope, seq: 6, context: 12 },
  ];
}

/** A response that fits the request. */
export function responseTo(request: WireRequest): ResponseMessage {
  const envelope = { from: request.to, to: request.from, term: request.term, seq: request.seq };
  switch (request.type) {
    case 'pre-vote':
      return { type: 'pre-vote-response', ...envelope, lastIndex: 1, lastTerm: 1, granted: true };
    case 'vote':
      return { type: 'vote-response', ...envelope, lastIndex: 1, lastTerm: 1, granted: false };
    case 'append': {
      const index = request.prevIndex + request.entries.length;
      const rest = { conflictTerm: 0, round: request.round, recovery: 0 };
      return { type: 'append-response', ...envelope, ok: true, index, ...rest };
    }
    case 'timeout-now':
      return { type: 'timeout-now-response', ...envelope };
    case 'read-index':
      return { type: 'read-index-response', ...envelope, context: request.context, index: null };
  }
}

export function snapshotChunk(bytes: Uint8Array): SnapshotChunk {
  return {
    term: 7,
    recovery: 2,
    snapshot: {
      index: 50,
      term: 6,
      configuration: { members: [], removed: [], clusterVersion: 1 },
      bytes: 10_000_000,
      hash: 'ab'.repeat(32),
    },
    offset: 4096,
    bytes,
  };
}
