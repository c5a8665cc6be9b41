import { base64OfBytes, type ByteString, textOfBytes } from '../../lib/bytes.ts';
import type { LeaseId } from '../../kv/command.ts';
import type { Contender } from '../../node/locks/contender.ts';
import type { ElectionLeader } from '../../wire/elections.ts';
import type { HeldAnswer, QueuedClient } from '../../wire/locks.ts';
import type { HttpLimits } from '../config.ts';
import { fitting } from '../answer/page-items.ts';
import { keyFieldsOf, valueFieldsOf } from '../answer/pair.ts';

/** A name as answers show it: text, or base64 that says so. */
export function nameFieldsOf(name: ByteString): { name: string; nameEncoding?: 'base64' } {
  const text = textOfBytes(name);
  return text === null ? { name: base64OfBytes(name), nameEncoding: 'base64' } : { name: text };
}

export function heldAnswerOf(
  name: ByteString,
  key: ByteString,
  lease: LeaseId,
  fencingToken: number,
): HeldAnswer {
  return { ...nameFieldsOf(name), ...keyFieldsOf(key), lease, fencingToken };
}

/** Someone in the queue of a lock, with what it said of itself. */
export function clientOf(contender: Contender): QueuedClient {
  const { value } = contender.pair;
  if (value === '') return candidateOf(contender);
  const owner = textOfBytes(value);
  return owner === null
    ? { ...candidateOf(contender), owner: base64OfBytes(value), ownerEncoding: 'base64' }
    : { ...candidateOf(contender), owner };
}

/** Someone in the queue of an election. What it will say once it leads may be large. */
export function candidateOf({ pair, lease }: Contender): QueuedClient {
  return { ...keyFieldsOf(pair.key), lease, fencingToken: pair.createRevision };
}

export function leaderOf({ pair, lease }: Contender): ElectionLeader {
  const { key, value, createRevision: fencingToken, modRevision } = pair;
  return { ...keyFieldsOf(key), ...valueFieldsOf(value), lease, fencingToken, modRevision };
}

/** The first of those who wait, as far as they fit on a page; one does. */
export function queuePage(
  waiting: readonly Contender[],
  limit: number,
  { pageBytes }: Pick<HttpLimits, 'pageBytes'>,
): readonly Contender[] {
  const sizes = waiting.map(({ pair }) => pair.key.length + pair.value.length);
  return waiting.slice(0, fitting(sizes, limit, pageBytes));
}
