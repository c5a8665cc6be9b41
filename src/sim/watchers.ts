/**
 * WATCHERS: each follows some keys through one node after another. It loses its connection when the
 * process dies or by chance, and goes on at the revision after the last it heard of. Some read
 * slowly; now and then one wants to know only what is new.
 */
import { type ByteString, bytesOfText, EMPTY_BYTES, prefixEnd } from '../lib/bytes.ts';
import type { Prng } from '../lib/prng.ts';
import type { RequestContext, Unsubscribe } from '../node/api.ts';
import type { Node } from '../node/node.ts';
import type { Watch, WatchChange, WatchEnd, WatchSink } from '../node/watch/watch.ts';
import { ApiError } from '../wire/errors.ts';
import type { Model, Stand } from './checkers/model.ts';
import { WatchCheck, type WatchTopic } from './checkers/watch-check.ts';
import { check } from './failure.ts';
import { isExpected, NoAnswer, type SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';
import { Tasks } from './tasks.ts';
import type { World } from './world.ts';

const WATCHERS = 4;
/** What the keys of the clients begin with. */
const ALL_KEYS = bytesOfText('key-');
const TIMEOUT_MS = 1_000;
const LOOK_EVERY_MS = 100;
const PROGRESS_MS = 300;

export interface WatchersOptions {
  readonly world: World;
  readonly cluster: SimCluster;
  readonly model: Model;
  /** To be called before what a node says is looked at. */
  readonly before: (node: SimNode) => void;
  /** The newest entry that anybody outside may know of. */
  readonly known: () => number;
}

export class Watchers {
  readonly #options: WatchersOptions;
  readonly #tasks: Tasks;
  readonly #prng: Prng;
  readonly #watchers: Watcher[] = [];
  #stopping = false;

  constructor(options: WatchersOptions) {
    this.#options = options;
    this.#tasks = new Tasks(options.world.failed);
    this.#prng = options.world.prng.fork();
  }

  get isBusy(): boolean {
    return this.#tasks.running > 0;
  }

  start(): void {
    for (let number = 1; number <= WATCHERS; number += 1) {
      const watcher = new Watcher(`watcher ${number}`, this.#prng.fork(), this.#options);
      this.#watchers.push(watcher);
      this.#tasks.spawn(watcher.follow(() => this.#stopping));
    }
  }

  /** All leave their nodes. */
  stop(): void {
    this.#stopping = true;
  }

  /** Once more, on nodes that have applied everything: all of it must come. */
  settle(nodes: readonly SimNode[]): void {
    for (const watcher of this.#watchers) this.#tasks.spawn(watcher.settle(this.#prng.pick(nodes)));
  }

  /** What is still to come. */
  get waiting(): string {
    const open = this.#watchers.filter(({ isComplete }) => !isComplete);
    return `${this.#tasks.running} run; ${open.map((one) => one.describe()).join('; ')}`;
  }

  get isSettled(): boolean {
    return !this.isBusy && this.#watchers.every(({ isComplete }) => isComplete);
  }
}

/** A watch on one node, for as long as it lasts. */
interface Connection {
  readonly target: SimNode;
  readonly node: Node;
  readonly watch: Watch;
  readonly forget: Unsubscribe;
  isOver: boolean;
}

/** What is asked of one node. */
interface Attempt {
  readonly from: number | null;
  /** How far the store was, as clients knew. */
  readonly floor: Stand;
  connection: Connection | null;
  /** The client waits no more. */
  over: boolean;
}

class Watcher {
  readonly #options: WatchersOptions;
  readonly #prng: Prng;
  readonly #check: WatchCheck;
  readonly #isSlow: boolean;
  #begun = false;
  #wasCompacted = false;
  #room = 1;

  constructor(name: string, prng: Prng, options: WatchersOptions) {
    this.#options = options;
    this.#prng = prng;
    this.#isSlow = prng.chance(0.3);
    const topic = drawTopic(prng, options.world.profile.keys);
    this.#check = new WatchCheck(name, topic, options.model.kv);
  }

  get isComplete(): boolean {
    return this.#check.isComplete;
  }

  describe(): string {
    const { name, topic, next } = this.#check;
    return `${name} stands at ${next} of ${JSON.stringify(topic)}`;
  }

  async follow(isOver: () => boolean): Promise<void> {
    const { world, cluster } = this.#options;
    while (!isOver()) {
      await world.scheduler.pause(this.#prng.unit() * 500);
      const { nodes } = cluster;
      const connection = nodes.length === 0 ? null : await this.#open(this.#prng.pick(nodes));
      if (connection === null) continue;
      const leaveAt =
        world.scheduler.now + this.#prng.pick([2_000, 10_000, 40_000]) * this.#prng.unit();
      while (this.#lasts(connection) && world.scheduler.now < leaveAt && !isOver()) {
        await world.scheduler.pause(LOOK_EVERY_MS);
        this.#read(connection);
      }
      this.#leave(connection);
    }
  }

  /** Ends when everything has come, or never. */
  async settle(target: SimNode): Promise<void> {
    let connection = await this.#open(target);
    while (connection === null || !this.#check.isComplete) {
      await this.#options.world.scheduler.pause(LOOK_EVERY_MS);
      if (connection === null || !this.#lasts(connection)) connection = await this.#open(target);
      else this.#read(connection);
    }
    this.#leave(connection);
  }

  /** Mostly where it was; at first, and now and then, from now on or some time ago. */
  async #open(target: SimNode): Promise<Connection | null> {
    const { world, cluster, model, known } = this.#options;
    const goesOn = this.#begun && this.#prng.chance(0.9);
    const fromNow = !goesOn && this.#prng.chance(0.5);
    const from = fromNow ? null : goesOn ? this.#check.next : this.#somewhere();
    const attempt: Attempt = { from, floor: model.standAt(known()), connection: null, over: false };
    const open = (node: Node, context: RequestContext): Promise<Connection> =>
      this.#start(attempt, target, node, context);
    try {
      const connection = await cluster.call(target, open, TIMEOUT_MS);
      world.coverage.count(goesOn ? 'watch-resumed' : 'watch-opened');
      if (this.#wasCompacted) world.coverage.count('watch-resumed-after-compaction');
      this.#wasCompacted = false;
      return connection;
    } catch (error) {
      attempt.over = true;
      if (attempt.connection !== null) this.#leave(attempt.connection);
      if (!isExpected(error)) throw error;
      this.#refused(error, from);
      await world.scheduler.pause(LOOK_EVERY_MS);
      return null;
    }
  }

  /** In the node's process; the client may have gone when it gets that far. */
  async #start(
    attempt: Attempt,
    target: SimNode,
    node: Node,
    context: RequestContext,
  ): Promise<Connection> {
    const { topic } = this.#check;
    const watch = await node.watch(
      { ...topic, from: attempt.from, progressMs: PROGRESS_MS },
      context,
    );
    if (attempt.over) {
      watch.close();
      throw new NoAnswer(target.name);
    }
    this.#options.before(target);
    this.#checkBegin(attempt, watch.from);
    const forget = node.onChange(topic.range, {
      changed: () => undefined,
      jumped: () => this.#options.world.coverage.count('snapshot-under-watch'),
    });
    const connection = { target, node, watch, forget, isOver: false };
    attempt.connection = connection;
    this.#check.beginAt(watch.from);
    this.#begun = true;
    watch.start(this.#sink(connection));
    return connection;
  }

  /** Every node begins where one that knows the newest state would. */
  #checkBegin({ from, floor }: Attempt, begun: number): void {
    const { name } = this.#check;
    const newest = this.#options.model.kv.revision;
    const isRight = from === null ? begun > floor.revision && begun <= newest + 1 : begun === from;
    check(isRight, 'watches begin where they should', () => {
      return `${name} asked for ${from} and got ${begun}, between ${floor.revision} and ${newest}`;
    });
    check(begun >= floor.compactRevision, 'what is compacted is said to be', () => {
      return `${name} begins at ${begun}, compacted was ${floor.compactRevision}`;
    });
  }

  /**
   * A connection whose answer was lost is nobody's: its events are checked, and that is all. What a
   * sink throws is none of the node's business: it would only end the watch.
   */
  #sink(connection: Connection): WatchSink {
    const { world, before } = this.#options;
    const hear = (listen: () => void): void => {
      if (connection.isOver) return;
      try {
        before(connection.target);
        listen();
      } catch (error) {
        world.failed(error);
      }
    };
    const isFull = (): boolean => this.#isSlow && this.#room <= 0;
    return {
      get isFull() {
        return isFull();
      },
      change: (change) => hear(() => this.#heard(connection, change)),
      progress: (revision) => {
        hear(() => this.#check.progress(revision));
        world.coverage.count('watch-progress');
        return true;
      },
      canceled: (end) => hear(() => this.#canceled(connection, end)),
    };
  }

  #heard({ node }: Connection, change: WatchChange): void {
    const { revision, compactRevision } = node.store;
    this.#room -= 1;
    const isPast = change.revision < revision;
    this.#options.world.coverage.count(isPast ? 'watch-replayed' : 'watch-event');
    this.#check.change(change, compactRevision);
  }

  #canceled(connection: Connection, end: WatchEnd): void {
    connection.isOver = true;
    if (end.reason !== 'compacted') return;
    this.#compacted(this.#check.next, end.compactRevision);
  }

  #refused(error: unknown, from: number | null): void {
    if (!(error instanceof ApiError) || error.code !== 'compacted') return;
    const { compactRevision } = error.fields;
    this.#compacted(from, typeof compactRevision === 'number' ? compactRevision : null);
  }

  #compacted(from: number | null, said: number | null): void {
    this.#options.world.coverage.count('watch-compacted');
    this.#wasCompacted = true;
    this.#check.compacted(from, said);
    this.#begun = false;
  }

  /** In the near past, or a little ahead; or the very first that is not forgotten. */
  #somewhere(): number {
    const { compactRevision } = this.#options.model.kv;
    if (compactRevision > 0 && this.#prng.chance(0.2)) return compactRevision;
    const back = Math.floor(this.#prng.exponential(20));
    return Math.max(1, this.#options.model.kv.revision + 5 - back);
  }

  #lasts({ target, node, isOver }: Connection): boolean {
    return !isOver && target.node === node;
  }

  /** A slow reader takes a few at a time. */
  #read({ target, node, watch }: Connection): void {
    if (!this.#isSlow) return;
    this.#room = this.#prng.between(0, 4);
    if (this.#room > 0 && target.node === node) target.enter(() => watch.resume());
  }

  #leave(connection: Connection): void {
    const { target, node, watch, forget } = connection;
    connection.isOver = true;
    forget();
    if (target.node === node) target.enter(() => watch.close());
  }
}

function drawTopic(prng: Prng, keys: number): WatchTopic {
  const start = bytesOfText(`key-${prng.between(0, keys)}`);
  const ranges = [
    { start: EMPTY_BYTES, end: null },
    { start, end: null },
    { start, end: `${start}\0` as ByteString },
    { start, end: prefixEnd(start) },
    { start: ALL_KEYS, end: prefixEnd(ALL_KEYS) },
  ];
  const only = prng.pick([null, null, 'put', 'delete'] as const);
  return { range: prng.pick(ranges), only, prev: prng.chance(0.5) };
}
