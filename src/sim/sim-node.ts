/**
 * A MEMBER'S MACHINE, and the processes that come and go on it. The machine has a disk and clocks
 * that survive a process; a process is the real Node over the real storage.
 */
import { assert, must } from '../lib/assert.ts';
import type { MemberId } from '../lib/ids.ts';
import { Node } from '../node/node.ts';
import type { Configuration } from '../raft/configuration.ts';
import type { LogIndex, Term } from '../raft/entry.ts';
import { DiskError } from '../storage/disk.ts';
import { JsonlStorage } from '../storage/jsonl-storage.ts';
import type { CrashChoices } from '../storage/crash-choices.ts';
import type { CrashMode } from '../storage/memory-file.ts';
import { DamageError, type Identity, type Storage } from '../storage/storage.ts';
import type { TransportHandler } from '../transport/transport.ts';
import { ApiError } from '../wire/errors.ts';
import { WIRE_VERSIONS, type WireRange } from '../wire/raft-version.ts';
import { eventsOf } from './disk-faults.ts';
import { DurableLog } from './durable-log.ts';
import { inquireFounders } from './founder-inquiry.ts';
import { LastSend } from './last-send.ts';
import { Lifeline } from './lifeline.ts';
import { describeRestored, ObservedStorage } from './observed-storage.ts';
import { MachineClock, SimClock } from './sim-clock.ts';
import { SimDisk } from './sim-disk.ts';
import { SimTransport } from './sim-transport.ts';
import { SnapshotTransfers } from './snapshot-transfers.ts';
import type { World } from './world.ts';

export interface SimNodeOptions {
  readonly world: World;
  readonly identity: Identity;
  readonly name: string;
  /** Where it listens at first; by default a place of its own. */
  readonly url?: string;
  /** The first membership, for a founding member; null for one that joins. */
  readonly founding: Configuration | null;
}

/** One process, from its start to its end. */
interface Life {
  readonly lifeline: Lifeline;
  readonly clock: SimClock;
  readonly speaks: WireRange;
  node: Node | null;
  transport: SimTransport | null;
}

export class SimNode {
  readonly id: MemberId;
  readonly name: string;
  /** Where it listens; the newest is where it says that it is. */
  #urls: readonly string[];
  /** The versions of the protocol that it speaks, from its next start on. */
  speaks: WireRange = WIRE_VERSIONS;
  readonly lastSend = new LastSend();
  readonly machine: MachineClock;
  readonly disk: SimDisk;
  readonly durable = new DurableLog();
  readonly #options: SimNodeOptions;
  readonly #transfers: SnapshotTransfers;
  #life: Life | null = null;
  #hasIdentity = false;
  #isWiped = false;
  /** What its disk held when it was damaged; null while it is sound. */
  #beforeDamage: DurableLog | null = null;
  #starts = 0;
  #neverUp = 0;
  /** It refused to start, or was removed: it will not be started again. */
  isGone = false;
  /** When it was stopped last. */
  stoppedAt = Number.NEGATIVE_INFINITY;
  /** An operator vouched for its log at its last start. */
  isVouched = false;
  /** Something reached the process in this event. */
  wasTouched = false;

  constructor(options: SimNodeOptions) {
    const { world, identity, name } = options;
    const { scheduler, prng, profile, sabotage } = world;
    this.#options = options;
    this.#transfers = new SnapshotTransfers(world.coverage);
    this.id = identity.memberId;
    this.name = name;
    this.#urls = [options.url ?? `http://${name}`];
    this.machine = new MachineClock(scheduler);
    this.disk = new SimDisk({
      scheduler,
      prng: prng.fork(),
      profile: profile.disk,
      onOperation: (operation) => sabotage.onOperation?.(this, operation),
      sabotage: sabotage.disk ?? (() => null),
      deliver: (answer) => this.#life?.lifeline.enter(answer),
      failed: (operation, fault) => {
        world.trace.line(name, `${fault.type} of ${operation.kind} ${operation.path}`);
        for (const event of eventsOf(operation, fault, this.isStarting)) {
          world.coverage.count(event);
        }
      },
    });
  }

  /** The running node; null while it starts, and while no process runs. */
  get node(): Node | null {
    return this.#life?.node ?? null;
  }

  /** Timers of the process that runs. */
  get timers(): Pick<SimClock, 'setTimer'> {
    return must(this.#life, `a process of ${this.name}`).clock;
  }

  /** What listens there; null for anywhere. */
  listening(url: string | null): SimTransport | undefined {
    const life = this.#life;
    if (life === null || (url !== null && !this.#urls.includes(url))) return undefined;
    return life.transport ?? undefined;
  }

  /** The disk was damaged, in a way that a restart may notice. */
  get isDamaged(): boolean {
    return this.#beforeDamage !== null;
  }

  /** From now on a restart may find less than was durable, or refuse. */
  damaged(): void {
    this.#beforeDamage = this.durable.copy();
  }

  /** The disk is an empty one from now on; no process runs. */
  wipe(): void {
    this.disk.wipe();
    this.#hasIdentity = false;
    this.#isWiped = true;
    // Who has its id from its directory is somebody else with another one.
    if (!this.#isFoundedTogether) this.isGone = true;
  }

  /** What was lost has been replaced. */
  madeGood(): void {
    this.#beforeDamage = null;
  }

  /** The end of the log on its disk when that was damaged; 0 while it is sound. */
  get heldBeforeDamage(): LogIndex {
    return this.#beforeDamage?.lastIndex ?? 0;
  }

  /**
   * Whether the node had the entry on its disk when it last could say so: damage takes a copy away
   * without a word, while what was said of it is still on its way.
   */
  holds(index: LogIndex, term: Term): boolean {
    return this.durable.holds(index, term) || this.#beforeDamage?.holds(index, term) === true;
  }

  get url(): string {
    return must(this.#urls.at(-1), 'an address');
  }

  listenAt(url: string): void {
    this.#urls = [...this.#urls, url];
  }

  listenOnlyAt(url: string): void {
    this.#urls = this.#urls.slice(this.#urls.indexOf(url));
  }

  /** How many processes there have been. */
  get starts(): number {
    return this.#starts;
  }

  get isRunning(): boolean {
    return this.#life !== null;
  }

  get isStarting(): boolean {
    return this.#life !== null && this.#life.node === null;
  }

  get isStopped(): boolean {
    return this.#life?.lifeline.isStopped ?? false;
  }

  /** Lets something happen to the process; lost when there is none. */
  enter(work: (node: Node) => void): void {
    const life = this.#life;
    life?.lifeline.enter(() => {
      if (life.node !== null) work(life.node);
    });
  }

  /** @param vouched as with `--force-recovered`. */
  start(vouched = false): void {
    assert(this.#life === null, `${this.name} runs already`);
    const { scheduler, profile, trace } = this.#options.world;
    const lifeline = new Lifeline(scheduler, () => {
      this.wasTouched = true;
    });
    const clock = new SimClock(this.machine, scheduler, lifeline, profile.processorMs);
    const life: Life = {
      lifeline,
      clock,
      speaks: this.speaks,
      node: null,
      transport: null,
    };
    this.#life = life;
    this.isVouched = vouched;
    this.#starts += 1;
    this.machine.thaw();
    trace.line(this.name, 'starts');
    this.#open(life, vouched).catch((error: unknown) => this.#failed(life, error));
  }

  /** SIGSTOP. */
  stop(): void {
    this.stoppedAt = this.#options.world.scheduler.now;
    this.#life?.lifeline.stop();
  }

  /** SIGCONT. */
  resume(): void {
    this.machine.thaw();
    this.#life?.lifeline.resume();
  }

  /**
   * The process ends, with its machine unless the mode is `kill`.
   *
   * @param choices instead of the seed's.
   */
  crash(mode: CrashMode, choices?: CrashChoices): void {
    const life = this.#life;
    if (life === null) return;
    const { trace, coverage, watcher } = this.#options.world;
    const { operations } = this.disk.disk;
    trace.line(this.name, `crashes (${mode}) after ${operations} disk operations`);
    coverage.count('crash');
    this.#neverUp = life.node === null ? this.#neverUp + 1 : 0;
    if (this.#neverUp > 0) coverage.count('crash-while-starting');
    if (this.#neverUp > 1) coverage.count('crash-while-starting-again');
    this.lastSend.forget();
    this.#transfers.ended();
    life.lifeline.end();
    this.#life = null;
    life.node?.kill();
    this.disk.crash(mode, choices);
    watcher.ended(this);
  }

  /** What a crash that was planned for this process does, if it still runs. */
  crashLater(mode: CrashMode): () => void {
    const life = this.#life;
    return () => {
      if (this.#life === life) this.crash(mode);
    };
  }

  async #open(life: Life, vouched: boolean): Promise<void> {
    const { world, identity, founding, name } = this.#options;
    const storage = this.#storage(life);
    const found = await storage.open(this.#hasIdentity ? identity : null);
    const isNew = found.identity === null;
    if (this.#isWiped && isNew && !(await this.#mayStartAnew(life))) return;
    // Of a founding member that finds nothing nobody knows whether it ever had anything.
    const isDoubtful = isNew && this.#isFoundedTogether;
    const restored = isDoubtful ? { ...found, tail: 'torn' as const } : found;
    if (this.#isWiped && isNew) world.watcher.opened(this, restored);
    if (isNew) await storage.create(identity, isDoubtful);
    this.#isWiped = false;
    this.#hasIdentity = true;
    const { timing, limits } = world.profile;
    let transport: SimTransport | null = null;
    const node = await Node.start({
      storage,
      restored: { ...restored, identity },
      founding,
      forceRecovered: vouched,
      url: this.url,
      name,
      transport: (handler) => {
        transport = this.#transport(life, handler);
        return transport;
      },
      clock: life.clock,
      logger: { enabled: () => false, log: () => undefined },
      seed: world.prng.uint32(),
      timing,
      limits,
      faults: null,
      onFatal: (error) => this.#failed(life, error),
    });
    if (this.#life !== life) return;
    life.transport = must<SimTransport>(transport, 'transport');
    life.node = node;
    world.trace.line(name, `is up: ${describeRestored(restored)}`);
    world.watcher.started(this);
    node.subscribe('state', 0, (event) => world.watcher.event(this, event));
  }

  /** Its id is that of its name in the list of founding members. */
  get #isFoundedTogether(): boolean {
    const { founding } = this.#options;
    return founding !== null && founding.members.length > 1;
  }

  /** What the command line asks of a founding member whose directory is empty. */
  async #mayStartAnew(life: Life): Promise<boolean> {
    const { world, founding } = this.#options;
    const verdict = await inquireFounders(world, this.id, founding?.members ?? [], life);
    world.trace.line(this.name, `is empty, and hears ${JSON.stringify(verdict)}`);
    world.coverage.count(verdict.type === 'clear' ? 'wiped-unknown' : 'wiped-refused');
    if (verdict.type !== 'clear') this.#refuse(life);
    return verdict.type === 'clear';
  }

  #storage(life: Life): Storage {
    const { profile, watcher, sabotage } = this.#options.world;
    const inner = new JsonlStorage(this.disk.disk, {
      reserveBytes: profile.limits.reserveBytes,
      segmentBytes: profile.segmentBytes,
      pause: () => life.clock.yield(),
      now: () => life.clock.now(),
    });
    const observed = new ObservedStorage(inner, this.durable, {
      opened: (restored) => {
        // An empty disk promises nothing: whether it may be used at all is asked later.
        if (!this.#isWiped || restored.identity !== null) watcher.opened(this, restored);
      },
      stored: (change) => watcher.stored(this, change),
      saved: (snapshot, lines) => watcher.saved(this, snapshot, lines),
    });
    return sabotage.storage?.(observed) ?? observed;
  }

  #transport(life: Life, handler: TransportHandler): SimTransport {
    const { network, profile, nodes, watcher, trace, failed } = this.#options.world;
    return new SimTransport({
      self: this.id,
      handler,
      network,
      lifeline: life.lifeline,
      clock: life.clock,
      encode: profile.encode,
      find: (id, url) => nodes.get(id)?.listening(url),
      speaks: () => life.speaks,
      mayLeave: () => this.lastSend.mayLeave(),
      observer: {
        sent: (message) => watcher.sent(this, message),
        received: (message) => watcher.received(this, message),
        forwarded: (to, { operation, requestId }) => {
          trace.line(this.name, () => `asks ${nodes.get(to)?.name} for ${operation} ${requestId}`);
        },
        failedThere: (at, error) => {
          const there = must(nodes.get(at), 'node');
          trace.line(there.name, () => `fails a call: ${String(error)}`);
          if (!(error instanceof ApiError) && !there.#hasReason(error)) failed(error);
        },
        snapshotAnswered: (by, chunk, answer) => {
          const receiver = must(nodes.get(by), 'node');
          const { snapshot, offset } = chunk;
          const { nextOffset, done } = answer;
          this.#transfers.sent(by, chunk, answer);
          receiver.#transfers.received(chunk, answer);
          const piece = `snapshot ${snapshot.index} from byte ${offset} of ${snapshot.bytes}`;
          trace.line(receiver.name, `takes ${piece} and wants ${nextOffset}, ${done}`);
          if (done) watcher.snapshotConfirmed(receiver, snapshot);
        },
      },
    });
  }

  /** The process gives up by itself: for its disk, or known damage; else something is wrong. */
  #failed(life: Life, error: unknown): void {
    if (life !== this.#life) return;
    const { trace, coverage, scheduler, failed } = this.#options.world;
    if (!this.#hasReason(error)) failed(error);
    const isRefused = error instanceof DamageError && this.isDamaged;
    if (isRefused) coverage.count('damage-refused');
    this.isGone ||= isRefused;
    trace.line(this.name, `gives up: ${String(error)}`);
    life.lifeline.end();
    scheduler.after(0, this.crashLater('kill'));
  }

  /** Whether it may end so. */
  #hasReason(error: unknown): boolean {
    if (error instanceof DamageError) return this.isDamaged;
    return error instanceof DiskError && this.disk.hasFailed;
  }

  /** It ends before it took part, and will not be started again as it is. */
  #refuse(life: Life): void {
    this.isGone = true;
    life.lifeline.end();
    this.#options.world.scheduler.after(0, this.crashLater('kill'));
  }
}
