import type { KeyValue } from '../../kv/command.ts';
import type { KvChange } from '../../kv/event.ts';
import type { ByteString } from '../../lib/bytes.ts';
import type { ChangeListener, NodeApi, Unsubscribe } from '../api.ts';
import { byArrival, type Contender, contendersOf, leaseOfKey, queueRange } from './contender.ts';

/** What a view needs of its node. */
export type QueueNode = Pick<NodeApi, 'store' | 'onChange'>;

/**
 * THE QUEUE OF A LOCK, as this node knows it: kept up to date by what is applied here. All who wait
 * on this node share it, and a change wakes those alone whom it concerns: whoever has become the
 * first, and whose key is gone.
 *
 * That somebody is first stays true of a key for as long as it exists, whatever else happens: keys
 * that are created later come later. So a node that is behind may be late to know, but not wrong.
 */
export class QueueView implements ChangeListener {
  readonly #node: QueueNode;
  readonly #name: ByteString;
  /** In the order of arrival, which is the order in which they were put into the map. */
  #contenders = new Map<ByteString, Contender>();
  readonly #waiting = new Map<ByteString, Set<() => void>>();
  readonly #observers = new Set<(revision: number) => void>();
  readonly #leave: Unsubscribe;

  constructor(node: QueueNode, name: ByteString) {
    this.#node = node;
    this.#name = name;
    this.#load();
    this.#leave = node.onChange(queueRange(name), this);
  }

  /** Who holds the lock. */
  get first(): Contender | null {
    for (const contender of this.#contenders.values()) return contender;
    return null;
  }

  get(key: ByteString): Contender | undefined {
    return this.#contenders.get(key);
  }

  /** Who comes right before a key; null when it is the first, or not there. */
  before(key: ByteString): Contender | null {
    let previous: Contender | null = null;
    for (const contender of this.#contenders.values()) {
      if (contender.pair.key === key) return previous;
      previous = contender;
    }
    return null;
  }

  /** `wake` is called when the key has become the first, or is gone, or may be either. */
  wait(key: ByteString, wake: () => void): Unsubscribe {
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting);
    waiting.add(wake);
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
    };
  }

  /** Tells of every change of the queue, with its revision. */
  observe(observer: (revision: number) => void): Unsubscribe {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Nobody has a use for it any more. */
  close(): void {
    this.#leave();
  }

  changed({ revision, events }: KvChange): void {
    const before = this.first;
    const created: Contender[] = [];
    for (const { type, kv } of events) {
      const lease = leaseOfKey(this.#name, kv.key);
      if (lease === null) continue;
      if (type === 'delete') this.#delete(kv.key);
      else this.#put({ pair: kv, lease }, created);
    }
    for (const contender of created.sort(byArrival)) {
      this.#contenders.set(contender.pair.key, contender);
    }
    const { first } = this;
    if (first !== null && !isSame(first.pair, before?.pair)) this.#wake(first.pair.key);
    for (const observer of this.#observers) observer(revision);
  }

  jumped(): void {
    this.#load();
    for (const key of this.#waiting.keys()) this.#wake(key);
    for (const observer of this.#observers) observer(this.#node.store.revision);
  }

  #load(): void {
    const contenders = contendersOf(this.#node.store, this.#name);
    this.#contenders = new Map(contenders.map((contender) => [contender.pair.key, contender]));
  }

  /** One that was there keeps its place. */
  #put(contender: Contender, created: Contender[]): void {
    const { key } = contender.pair;
    if (this.#contenders.has(key)) this.#contenders.set(key, contender);
    else created.push(contender);
  }

  #delete(key: ByteString): void {
    if (this.#contenders.delete(key)) this.#wake(key);
  }

  #wake(key: ByteString): void {
    this.#waiting.get(key)?.forEach((wake) => wake());
  }
}

function isSame(a: KeyValue, b: KeyValue | undefined): boolean {
  return a.key === b?.key && a.createRevision === b.createRevision;
}

/** A view that somebody uses. */
export interface OpenView {
  readonly view: QueueView;
  readonly close: Unsubscribe;
}

/** The views in use on a node: one for each name. */
export class QueueViews {
  readonly #node: QueueNode;
  readonly #open = new Map<ByteString, { readonly view: QueueView; users: number }>();

  constructor(node: QueueNode) {
    this.#node = node;
  }

  /** How many names are looked at. */
  get size(): number {
    return this.#open.size;
  }

  /** To be closed; more than once does no harm. */
  open(name: ByteString): OpenView {
    const shared = this.#open.get(name) ?? { view: new QueueView(this.#node, name), users: 0 };
    this.#open.set(name, shared);
    shared.users += 1;
    let isOpen = true;
    const close = (): void => {
      if (!isOpen) return;
      isOpen = false;
      shared.users -= 1;
      if (shared.users > 0) return;
      this.#open.delete(name);
      shared.view.close();
    };
    return { view: shared.view, close };
  }
}
