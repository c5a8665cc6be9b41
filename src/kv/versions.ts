/**
 * VERSIONS
 *
 * Every version of every key that a read or a watch may still ask for, in three ordered trees that
 * share the versions themselves:
 *
 * - `present`: the newest version of each key there is, by key. Reads of the present and counts
 *   look at nothing else, and a key that was written once is in no other structure but the log;
 * - `past`: superseded versions and tombstones, by key and revision, for reads of older revisions;
 * - `log`: what each revision changed, in the order it was done, for watches that begin in the past
 *   and for finding what a compaction sets free. No revision is missing in it.
 *
 * A tombstone is what a delete leaves: a version with the number 0 (etcd's form of it). A revision
 * changes a key at most once; the rules of transactions see to that.
 *
 * COMPACTION at a revision forgets what no read at that revision or later can see: every version
 * with a newer one at or before it, and tombstones before it. A tombstone at that very revision
 * stays, and so does all of what the revision changed, for a watch may begin there. The effect is
 * immediate: `compactRevision` decides what may be asked. What is forgotten leaves the trees later,
 * in slices (collector.ts); nothing that can be observed depends on how far that has come.
 */

import { type ByteString, EMPTY_BYTES } from '../lib/bytes.ts';
import type { KeyValue } from './command.ts';
import { type Hash64, Hasher } from './hash.ts';
import type { SortedMap } from './sorted-map.ts';
import { SortedSet } from './sorted-set.ts';

/** What orders the past: a key, then a revision of its. */
export type VersionId = Pick<KeyValue, 'key' | 'modRevision'>;

/** What one revision changed; a single version stands for itself, which spares an array. */
export type LogRecord = KeyValue | readonly KeyValue[];

export interface Versions {
  readonly present: SortedMap<ByteString, KeyValue>;
  readonly past: SortedSet<KeyValue, VersionId>;
  readonly log: SortedMap<number, LogRecord>;
  /** The newest revision that is complete. */
  readonly revision: number;
  /** What a revision under way has changed; none between commands. */
  readonly open: readonly KeyValue[];
  /** Reads below it are refused; 0 when nothing was compacted. */
  readonly compactRevision: number;
}

export function emptyPast(): Versions['past'] {
  return new SortedSet<KeyValue, VersionId>(compareVersions);
}

export function isTombstone(version: KeyValue): boolean {
  return version.version === 0;
}

export function tombstoneOf(key: ByteString, revision: number): KeyValue {
  return {
    key,
    value: EMPTY_BYTES,
    createRevision: 0,
    modRevision: revision,
    version: 0,
    lease: null,
  };
}

export function recordList(record: LogRecord): readonly KeyValue[] {
  return Array.isArray(record) ? (record as readonly KeyValue[]) : [record as KeyValue];
}

/** The version of a key that was newest at a revision, a tombstone too. */
export function versionAt(
  { present, past }: Pick<Versions, 'present' | 'past'>,
  key: ByteString,
  revision: number,
): KeyValue | undefined {
  const now = present.get(key);
  if (now !== undefined && now.modRevision <= revision) return now;
  const then = past.floor({ key, modRevision: revision });
  return then?.key === key ? then : undefined;
}

/** The pair that a read at a revision sees; the revision must be one that may be asked for. */
export function pairAt(
  versions: Versions,
  key: ByteString,
  revision: number,
): KeyValue | undefined {
  const then = versionAt(versions, key, revision);
  return then === undefined || isTombstone(then) ? undefined : then;
}

/** The pair that a version replaced; null when there was none or it is forgotten. */
export function prevOf(versions: Versions, version: KeyValue): KeyValue | null {
  const before = version.modRevision - 1;
  if (before < versions.compactRevision) return null;
  return pairAt(versions, version.key, before) ?? null;
}

/**
 * The versions of a key up to a revision that are not forgotten, newest first, tombstones among
 * them.
 */
export function historyOf(
  versions: Versions,
  key: ByteString,
  limit: number,
  upTo: number = Number.POSITIVE_INFINITY,
): KeyValue[] {
  const { compactRevision } = versions;
  const found: KeyValue[] = [];
  let at = upTo;
  while (found.length < limit) {
    const version = versionAt(versions, key, at);
    if (version === undefined) break;
    if (version.modRevision >= compactRevision || !isTombstone(version)) found.push(version);
    if (version.modRevision <= compactRevision) break;
    at = version.modRevision - 1;
  }
  return found;
}

/** An estimate of the memory of one version with its places in the trees, in bytes. */
export function costOfVersion({ key, value }: Pick<KeyValue, 'key' | 'value'>): number {
  return 200 + key.length + value.length;
}

export function hashOfVersion(version: KeyValue): Hash64 {
  const { key, value, createRevision, modRevision, lease } = version;
  return new Hasher()
    .text(key)
    .text(value)
    .number(createRevision)
    .number(modRevision)
    .number(version.version)
    .text(lease ?? '')
    .finish();
}

function compareVersions(a: VersionId, b: VersionId): number {
  if (a.key === b.key) return a.modRevision - b.modRevision;
  return a.key < b.key ? -1 : 1;
}
