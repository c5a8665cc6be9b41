import type { ByteString } from '../lib/bytes.ts';
import type { KeyValue } from './command.ts';
import { type LogRecord, pairAt, recordList, type Versions } from './versions.ts';

/** What to go through: start <= key < end (null: no bound), upwards or downwards. */
export interface Bounds {
  readonly start: ByteString;
  readonly end: ByteString | null;
}

/** Up to so many changes since a revision, counting at it is done by undoing them. */
const CHANGES_UNDONE = 10_000;

/** Whether the present is what a read at the revision sees. */
export function isPresent(versions: Versions, revision: number): boolean {
  return revision === versions.revision + (versions.open.length > 0 ? 1 : 0);
}

/**
 * The pairs that a read at a revision sees, in byte order, one at a time. Nothing may change
 * meanwhile.
 */
export function* scanAt(
  versions: Versions,
  bounds: Bounds,
  revision: number,
  descending: boolean,
): Generator<KeyValue, void, undefined> {
  for (const pair of visitAt(versions, bounds, revision, descending)) {
    if (pair !== null) yield pair;
  }
}

/**
 * As `scanAt`, with null for each key that was looked at in vain: not there yet, or no more. Keys
 * come from the present and from the past, which are walked side by side.
 */
export function* visitAt(
  versions: Versions,
  bounds: Bounds,
  revision: number,
  descending: boolean,
): Generator<KeyValue | null, void, undefined> {
  const walk = versions.present.walk(bounds.start, bounds.end, descending);
  if (isPresent(versions, revision)) {
    yield* walk;
    return;
  }
  let now = walk.next().value ?? null;
  let old = firstPastKey(versions, bounds, descending);
  while (now !== null || old !== null) {
    const key = nearer(now?.key ?? null, old, descending);
    const isThen = now?.key === key && now.modRevision <= revision;
    yield (isThen ? now : pairAt(versions, key, revision)) ?? null;
    if (now?.key === key) now = walk.next().value ?? null;
    if (old === key) old = nextPastKey(versions, key, bounds, descending);
  }
}

/** How many keys a read at a revision sees. */
export function countAt(versions: Versions, bounds: Bounds, revision: number): number {
  const steps = countSteps(versions, bounds, revision);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** The same, one short step at a time. Nothing may change meanwhile. */
export function* countSteps(
  versions: Versions,
  bounds: Bounds,
  revision: number,
): Generator<undefined, number, undefined> {
  const { present } = versions;
  const now = present.count(bounds.start, bounds.end);
  if (isPresent(versions, revision)) return now;
  if (versions.revision - revision <= CHANGES_UNDONE) {
    const difference = yield* undoneSteps(versions, bounds, revision);
    if (difference !== null) return now + difference;
  }
  let count = 0;
  for (const pair of visitAt(versions, bounds, revision, false)) {
    if (pair !== null) count += 1;
    yield;
  }
  return count;
}

/** How many more keys there were at a revision than now; null when too much has changed since. */
function* undoneSteps(
  versions: Versions,
  { start, end }: Bounds,
  revision: number,
): Generator<undefined, number | null, undefined> {
  const seen = new Set<ByteString>();
  let difference = 0;
  let changes = 0;
  for (const record of recordsSince(versions, revision)) {
    const list = recordList(record);
    changes += list.length;
    if (changes > CHANGES_UNDONE) return null;
    for (const { key } of list) {
      if (key < start || (end !== null && key >= end) || seen.has(key)) continue;
      seen.add(key);
      difference += pairAt(versions, key, revision) === undefined ? 0 : 1;
      difference -= versions.present.get(key) === undefined ? 0 : 1;
    }
    yield;
  }
  return difference;
}

function* recordsSince(
  { log, open }: Versions,
  revision: number,
): Generator<LogRecord, void, undefined> {
  yield* log.walk(revision + 1, null);
  yield open;
}

/** The keys that have a past, in order. */
export function* pastKeys(
  versions: Versions,
  bounds: Bounds,
): Generator<ByteString, void, undefined> {
  let key = firstPastKey(versions, bounds, false);
  for (; key !== null; key = nextPastKey(versions, key, bounds, false)) yield key;
}

/** The key that comes first in the direction; one of them is not null. */
function nearer(a: ByteString | null, b: ByteString | null, descending: boolean): ByteString {
  if (a === null || b === null) return (a ?? b) as ByteString;
  return a < b === descending ? b : a;
}

function firstPastKey(
  { past }: Versions,
  { start, end }: Bounds,
  descending: boolean,
): ByteString | null {
  if (!descending) return withinEnd(past.ceiling({ key: start, modRevision: 0 }), end);
  const last = end === null ? past.last() : past.floor({ key: end, modRevision: 0 });
  return withinStart(last, start);
}

function nextPastKey(
  { past }: Versions,
  key: ByteString,
  { start, end }: Bounds,
  descending: boolean,
): ByteString | null {
  if (descending) return withinStart(past.floor({ key, modRevision: 0 }), start);
  return withinEnd(past.ceiling({ key, modRevision: Number.POSITIVE_INFINITY }), end);
}

function withinEnd(version: KeyValue | undefined, end: ByteString | null): ByteString | null {
  if (version === undefined || (end !== null && version.key >= end)) return null;
  return version.key;
}

function withinStart(version: KeyValue | undefined, start: ByteString): ByteString | null {
  return version === undefined || version.key < start ? null : version.key;
}
