import type { Logger, LogLevel } from '../../lib/logger.ts';
import type { TraceEvent } from '../../raft/trace.ts';
import type { NodeEvent, Unsubscribe } from '../api.ts';
import type { Clock } from '../clock.ts';

/** Events kept for those who come back after a break. */
const RING_SIZE = 4096;

type Level = NodeEvent['level'];
type Listener = (event: NodeEvent) => void;

/** One event stream for the log, `/events`, the simulator and the dashboard. */
export class EventBus {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listeners = new Map<Listener, Level>();
  readonly #ring: NodeEvent[] = [];
  #nextId = 1;
  #onDemand: (wanted: boolean) => void = () => undefined;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Whether somebody, or the log, wants the decisions of every write and read. */
  get wantsDetail(): boolean {
    return this.#listeners.size > 0 || this.#logger.enabled('debug');
  }

  /** Calls back now, and whenever `wantsDetail` may have changed: what costs is made on demand. */
  onDemand(callback: (wanted: boolean) => void): void {
    this.#onDemand = callback;
    callback(this.wantsDetail);
  }

  /** Whether somebody, or the log, wants one event per peer message. */
  get wantsMessages(): boolean {
    if (this.#logger.enabled('trace')) return true;
    for (const level of this.#listeners.values()) if (level === 'message') return true;
    return false;
  }

  emit(
    family: NodeEvent['family'],
    event: NodeEvent['event'],
    level: Level = 'state',
    severity: LogLevel = 'debug',
  ): void {
    if (this.#logger.enabled(severity)) this.#logger.log(severity, family, event.type, event);
    const full = { id: this.#nextId, at: this.#clock.wallNow(), family, level, event };
    this.#nextId += 1;
    if (level === 'state') this.#remember(full);
    for (const [listener, wanted] of this.#listeners) {
      if (level === 'state' || wanted === 'message') this.#tell(listener, full);
    }
  }

  /** A decision of the core; the rare and weighty ones are logged as information. */
  trace(event: TraceEvent): void {
    const weighty = event.type === 'role' || event.type === 'recovery';
    const important = weighty || event.type === 'configuration' || event.type === 'transfer';
    this.emit('raft', event, 'state', important ? 'info' : 'debug');
  }

  subscribe(level: Level, since: number | null, listener: Listener): Unsubscribe {
    this.#listeners.set(listener, level);
    if (since !== null) {
      for (const event of this.#ring) {
        if (event.id > since && this.#listeners.has(listener)) this.#tell(listener, event);
      }
    }
    this.#onDemand(this.wantsDetail);
    return () => this.#unsubscribe(listener);
  }

  #unsubscribe(listener: Listener): void {
    if (this.#listeners.delete(listener)) this.#onDemand(this.wantsDetail);
  }

  /** Who cannot listen is no longer told; it must not stop the node. */
  #tell(listener: Listener, event: NodeEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.#unsubscribe(listener);
      this.#logger.log('warn', 'node', 'a listener to events failed', { error });
    }
  }

  #remember(event: NodeEvent): void {
    this.#ring.push(event);
    if (this.#ring.length > 2 * RING_SIZE) this.#ring.splice(0, RING_SIZE);
  }
}
