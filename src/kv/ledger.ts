/**
 * THE LEDGER of the past: what hash and size the versions have that are kept only for history, and
 * what a compaction at any revision would take off. With it a compaction costs next to nothing when
 * it is applied, although it may forget millions of versions, and the state's hash covers exactly
 * what is not forgotten, on every node alike, however much of the rest still lies about.
 *
 * It works because the revision at which an item falls to a compaction is known from the start: a
 * superseded version falls with the revision that superseded it, a tombstone (and the order of a
 * revision's changes) with the revision after its own. So a running total by that revision is all
 * there is to keep; a mark every few hundred changes makes it searchable.
 */

import { must } from '../lib/assert.ts';
import { type Hash64, Hasher, HashSum } from './hash.ts';
import {
  costOfVersion,
  hashOfVersion,
  isTombstone,
  type LogRecord,
  recordList,
  versionAt,
  type Versions,
} from './versions.ts';

/** Changes between two marks: what a compaction may have to go through. */
const MARK_CHANGES = 256;

/** Everything that falls to a compaction at `revision`, since the store began or was restored. */
interface Mark {
  readonly revision: number;
  readonly hash: Hash64;
  readonly bytes: number;
}

export class Ledger {
  /** Falls to a compaction at the newest revision, the one under way included. */
  readonly #gone = new Amount();
  /** Falls to the revision after the newest complete one. */
  #leaving = new Amount();
  /** Ascending; the first is of the compact revision. */
  #marks: Mark[];
  #unmarked = 0;

  /** Of an empty past, as of a revision. */
  constructor(revision: number) {
    this.#marks = [this.#gone.mark(revision)];
  }

  /** Bytes of the past that is not forgotten. */
  get bytes(): number {
    return this.#gone.bytes + this.#leaving.bytes - this.#first().bytes;
  }

  /** Of the past that is not forgotten. */
  hash(): Hash64 {
    const sum = new HashSum(this.#gone.hash.value());
    sum.add(this.#leaving.hash.value());
    sum.remove(this.#first().hash);
    return sum.value();
  }

  /** The revision under way replaced a version, whose hash is at hand. */
  superseded(hash: Hash64, bytes: number): void {
    this.#gone.add(hash, bytes);
    this.#unmarked += 1;
  }

  /** `superseded` is taken back. */
  broughtBack(hash: Hash64, bytes: number): void {
    this.#gone.remove(hash, bytes);
    this.#unmarked -= 1;
  }

  /** The revision under way is complete. */
  committed(revision: number, record: LogRecord): void {
    this.#gone.addAll(this.#leaving);
    this.#leaving = new Amount();
    addRecord(this.#leaving, record);
    this.#unmarked += recordList(record).length;
    if (this.#unmarked < MARK_CHANGES) return;
    this.#unmarked = 0;
    this.#marks.push(this.#gone.mark(revision));
  }

  /** The past before `revision` is forgotten; `versions` still has all of it. */
  compact(versions: Versions, revision: number): void {
    const gone =
      revision === versions.revision ? this.#gone.mark(revision) : this.#goneAt(versions, revision);
    const kept = this.#marks.findIndex((mark) => mark.revision > revision);
    this.#marks = [gone, ...(kept < 0 ? [] : this.#marks.slice(kept))];
  }

  /**
   * A revision at which a compaction would leave at most so many bytes of the past, and hardly
   * fewer; the newest one when even that would leave more.
   */
  revisionLeaving(bytes: number, newest: number): number {
    const total = this.#first().bytes + this.bytes;
    const fitting = this.#marks.find((mark) => total - mark.bytes <= bytes);
    return fitting?.revision ?? newest;
  }

  #goneAt(versions: Versions, revision: number): Mark {
    const from = must(
      this.#marks.findLast((mark) => mark.revision <= revision),
      `a mark at or before ${revision}`,
    );
    const gone = new Amount(from);
    for (let at = from.revision + 1; at <= revision; at += 1) {
      const before = versions.log.get(at - 1);
      if (before !== undefined) addRecord(gone, before);
      for (const { key } of recordList(must(versions.log.get(at), `revision ${at}`))) {
        const prev = versionAt(versions, key, at - 1);
        // Tombstones fall by themselves, and what falls to the mark's own revision is in the mark.
        if (prev !== undefined && !isTombstone(prev)) {
          gone.add(hashOfVersion(prev), costOfVersion(prev));
        }
      }
    }
    return gone.mark(revision);
  }

  #first(): Mark {
    return must(this.#marks[0], 'the mark of the compact revision');
  }
}

/** What falls with the revision after the record's own: its tombstones, and its order. */
function addRecord(amount: Amount, record: LogRecord): void {
  const list = recordList(record);
  for (const version of list) {
    if (isTombstone(version)) amount.add(hashOfVersion(version), costOfVersion(version));
  }
  if (list.length < 2) return;
  const order = new Hasher();
  for (const version of list) order.number(version.modRevision).text(version.key);
  amount.add(order.finish(), 0);
}

class Amount {
  readonly hash: HashSum;
  bytes: number;

  constructor(start: Pick<Mark, 'hash' | 'bytes'> = { hash: { high: 0, low: 0 }, bytes: 0 }) {
    this.hash = new HashSum(start.hash);
    this.bytes = start.bytes;
  }

  add(hash: Hash64, bytes: number): void {
    this.hash.add(hash);
    this.bytes += bytes;
  }

  remove(hash: Hash64, bytes: number): void {
    this.hash.remove(hash);
    this.bytes -= bytes;
  }

  addAll(other: Amount): void {
    this.add(other.hash.value(), other.bytes);
  }

  mark(revision: number): Mark {
    return { revision, hash: this.hash.value(), bytes: this.bytes };
  }
}
