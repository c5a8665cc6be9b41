import type { KvResult } from '../../kv/command.ts';
import type { StateMachine } from '../../kv/state-machine.ts';
import type { Configuration } from '../../raft/configuration.ts';
import type { Entry, LogIndex } from '../../raft/entry.ts';
import type { Message } from '../../raft/message.ts';
import type { Raft } from '../../raft/raft.ts';
import type { Ready, SnapshotMeta, SnapshotOrder } from '../../raft/ready.ts';
import type { TraceEvent } from '../../raft/trace.ts';
import type { Storage } from '../../storage/storage.ts';
import { Applier } from './applier.ts';
import type { Clock } from '../clock.ts';
import { Persister } from './persister.ts';
import { Ticker } from './ticker.ts';

export interface DriverOptions {
  readonly raft: Raft;
  readonly machine: StateMachine;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly tickMs: number;
  readonly hooks: DriverHooks;
}

export interface DriverHooks {
  readonly send: (message: Message) => void;
  readonly orderSnapshot: (order: SnapshotOrder) => void;
  readonly readAnswered: (context: number, index: LogIndex | null) => void;
  readonly traced: (event: TraceEvent) => void;
  /** The membership in force has changed. */
  readonly configured: (configuration: Configuration) => void;
  readonly applied: (entry: Entry, result: KvResult | null) => void;
  readonly advanced: (index: LogIndex) => void;
  readonly restore: (snapshot: SnapshotMeta) => Promise<void>;
  readonly ticked: () => void;
  /** More of this node's log is durable. */
  readonly persisted: () => void;
  readonly persistMeasured: (ms: number, entries: number) => void;
  /** The node cannot go on. */
  readonly failed: (error: unknown) => void;
}

/**
 * THE DRIVER: the one loop between the pure core and the world. Every input changes the core, and
 * then the core's Readys are carried out: messages leave, batches go to the disk, committed entries
 * are applied, reads are answered. Nothing here awaits: what takes time reports back as an input.
 */
export class Driver {
  readonly #options: DriverOptions;
  readonly #persister: Persister;
  readonly #applier: Applier;
  readonly #ticker: Ticker;
  #configuration: Configuration | null = null;
  #scheduled = false;
  /** Before its start a node has not restored its state: it hears nothing. */
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(options: DriverOptions) {
    this.#options = options;
    const { machine, storage, clock, tickMs, hooks } = options;
    const failed = (error: unknown): void => this.#fail(error);
    this.#persister = new Persister(storage, clock, {
      persisted: (ready, mark) => {
        for (const message of ready.messagesAfterPersist) hooks.send(message);
        this.input((raft) => raft.persisted(mark));
        hooks.persisted();
      },
      progressed: () => this.input((raft) => raft.diskProgressed()),
      installed: (snapshot) => this.#applier.snapshotInstalled(snapshot),
      measured: hooks.persistMeasured,
      failed,
    });
    const { applied, advanced, restore } = hooks;
    this.#applier = new Applier(machine, clock, { applied, advanced, restore, failed });
    this.#ticker = new Ticker(clock, tickMs, () => this.#tick());
  }

  get appliedIndex(): LogIndex {
    return this.#applier.appliedIndex;
  }

  start(): void {
    this.#state = 'running';
    this.#configure();
    this.#ticker.start();
    this.#schedule();
  }

  /**
   * Tells the core something; what follows from it is carried out before other work's turn.
   * Undefined when the node does not run.
   */
  input<T>(tell: (raft: Raft) => T): T | undefined {
    if (this.#state !== 'running') return undefined;
    try {
      const told = tell(this.#options.raft);
      this.#schedule();
      return told;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Carries out at once what the last input led to. */
  flush(): void {
    if (this.#state === 'running') this.#carryOut();
  }

  /** Stops, but for what is on its way to the disk. Resolves when that is there. */
  async stop(): Promise<void> {
    this.#end();
    await this.#persister.close();
  }

  /** Stops at once, as a crash would. */
  halt(): void {
    this.#end();
    this.#persister.halt();
  }

  #end(): void {
    this.#state = 'stopped';
    this.#ticker.stop();
    this.#applier.stop();
  }

  #tick(): void {
    this.input((raft) => raft.tick());
    if (this.#state !== 'running') return;
    try {
      this.#options.hooks.ticked();
    } catch (error) {
      this.#fail(error);
    }
  }

  #configure(): void {
    const { latest } = this.#options.raft.state.history;
    if (latest === this.#configuration) return;
    this.#configuration = latest;
    this.#options.hooks.configured(latest);
  }

  /** Inputs of one turn of the event loop are carried out together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#carryOut());
  }

  #carryOut(): void {
    this.#scheduled = false;
    if (this.#state !== 'running') return;
    try {
      while (this.#options.raft.hasReady()) this.#handle(this.#options.raft.ready());
    } catch (error) {
      this.#fail(error);
    }
  }

  #handle(ready: Ready): void {
    const { hooks } = this.#options;
    for (const event of ready.trace) hooks.traced(event);
    this.#configure();
    for (const message of ready.messages) hooks.send(message);
    if (ready.snapshot !== null) this.#applier.pushSnapshot(ready.snapshot);
    if (ready.mark !== null) this.#persister.push(ready);
    this.#applier.pushEntries(ready.committed);
    for (const order of ready.snapshotOrders) hooks.orderSnapshot(order);
    for (const { context, index } of ready.readStates) hooks.readAnswered(context, index);
  }

  #fail(error: unknown): void {
    this.halt();
    this.#options.hooks.failed(error);
  }
}
