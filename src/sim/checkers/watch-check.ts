/**
 * WHAT ONE WATCHER HEARS, over all nodes and connections it ever had, event by event: ordered,
 * complete, each revision once and whole, nothing that is not committed, and of progress only what
 * is true.
 */
import type { KeyValue } from '../../kv/command.ts';
import type { KvEvent } from '../../kv/event.ts';
import type { WatchChange, WatchSpec } from '../../node/watch/watch.ts';
import { check } from '../failure.ts';
import type { KvModel, ModelChange } from './kv-model.ts';

export type WatchTopic = Pick<WatchSpec, 'range' | 'only' | 'prev'>;

export class WatchCheck {
  readonly name: string;
  readonly topic: WatchTopic;
  readonly #model: KvModel;
  /** Everything before it has been heard. */
  #next = 1;
  /** What the present connection has told: everything up to here. */
  #told = 0;

  constructor(name: string, topic: WatchTopic, model: KvModel) {
    this.name = name;
    this.topic = topic;
    this.#model = model;
  }

  /** Where to go on after a break. */
  get next(): number {
    return this.#next;
  }

  /** Nothing that is committed is still to be heard. */
  get isComplete(): boolean {
    return this.#missed(this.#model.revision + 1) === null;
  }

  /** The watcher begins anew, and does not care for what was before. */
  beginAt(revision: number): void {
    this.#next = revision;
    this.#told = revision - 1;
  }

  change({ revision, events }: WatchChange, compactRevision: number): void {
    this.#mustBeKnown(revision);
    check(revision >= this.#next, 'watches do not repeat', () => {
      return `${this.name} hears of ${revision}, and stood at ${this.#next}`;
    });
    this.#mustBeNone(revision);
    const due = this.#due(revision);
    check(
      JSON.stringify(events.map(shown)) === JSON.stringify(due.map(shown)),
      'watches tell whole revisions',
      () => `${this.name} hears ${JSON.stringify(events)}, not ${JSON.stringify(due)}`,
    );
    if (this.topic.prev) for (const event of events) this.#checkPrev(event, compactRevision);
    this.#next = revision + 1;
    this.#told = revision;
  }

  progress(revision: number): void {
    this.#mustBeKnown(revision);
    check(revision >= this.#told, 'progress of watches does not fall', () => {
      return `${this.name} is told of progress ${revision} after ${this.#told}`;
    });
    this.#told = revision;
    this.#mustBeNone(revision + 1);
    this.#next = Math.max(this.#next, revision + 1);
  }

  /**
   * The watcher is told that what it asks for is forgotten, and from where on it may go on.
   *
   * @param from what it asked for, or stood at; null for the present.
   */
  compacted(from: number | null, said: number | null): void {
    const { compactRevision } = this.#model;
    const isTrue = from !== null && said !== null && from < said && said <= compactRevision;
    check(isTrue, 'only what is compacted is said to be', () => {
      return `${this.name} from ${from} hears of ${said}: compacted is ${compactRevision}`;
    });
  }

  #mustBeKnown(revision: number): void {
    check(revision <= this.#model.revision, 'watches tell what is committed', () => {
      return `${this.name} hears of ${revision}, committed is ${this.#model.revision}`;
    });
  }

  /** Nothing was left out before a revision. */
  #mustBeNone(before: number): void {
    const missed = this.#missed(before);
    check(missed === null, 'watches do not miss', () => {
      return `${this.name} is told that it stands before ${before}, but never heard of ${missed}`;
    });
  }

  #missed(before: number): number | null {
    for (let revision = this.#next; revision < before; revision += 1) {
      if (this.#due(revision).length > 0) return revision;
    }
    return null;
  }

  #due(revision: number): KvEvent[] {
    const { range, only } = this.topic;
    const versions = this.#changeOf(revision)?.versions ?? [];
    const events = versions.map((kv): KvEvent => {
      return { type: kv.version === 0 ? 'delete' : 'put', kv, prev: null };
    });
    return events.filter(
      ({ type, kv }) =>
        (only === null || only === type) &&
        kv.key >= range.start &&
        (range.end === null || kv.key < range.end),
    );
  }

  /** Each revision after the first is a change. */
  #changeOf(revision: number): ModelChange | undefined {
    const { changes } = this.#model;
    return changes[revision - (changes[0]?.revision ?? 0)];
  }

  /** It may be missing only where it is forgotten. */
  #checkPrev({ kv, prev }: KvEvent, compactRevision: number): void {
    const before = kv.modRevision - 1;
    if (prev === null && before < compactRevision) return;
    const due = this.#model.pairAt(kv.key, before);
    check(JSON.stringify(prev) === JSON.stringify(due), 'watches show the pair before', () => {
      return `${this.name} at ${kv.modRevision}: ${JSON.stringify({ prev, due })}`;
    });
  }
}

function shown({ type, kv }: KvEvent): readonly [string, KeyValue] {
  return [type, kv];
}
