import type { LeaseId } from '../../kv/command.ts';
import type { NodeApi, RequestContext } from '../api.ts';
import type { Clock } from '../clock.ts';
import { setTimer } from './persistence.ts';

/** After a failure it is tried again so soon, ms. */
const RETRY_MS = 500;

export interface RenewalOptions {
  readonly node: Pick<NodeApi, 'keepAlive'>;
  readonly timers: Pick<Clock, 'setTimer'>;
  readonly lease: LeaseId;
  /** Seconds. */
  readonly ttl: number;
  readonly context: () => RequestContext;
}

/**
 * Keeps a lease alive for somebody who waits, at each third of its time to live. That a lease has
 * ended needs no word from here: its keys go with it.
 */
export class Renewal {
  readonly #options: RenewalOptions;
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#schedule(this.#intervalMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  get #intervalMs(): number {
    return (this.#options.ttl * 1000) / 3;
  }

  #schedule(ms: number): void {
    if (this.#isStopped) return;
    this.#cancel = setTimer(this.#options.timers, ms, () => this.#renew());
  }

  #renew(): void {
    const { node, lease, context } = this.#options;
    node.keepAlive(lease, context()).then(
      (ttl) => {
        if (ttl !== null) this.#schedule(this.#intervalMs);
      },
      () => this.#schedule(Math.min(this.#intervalMs, RETRY_MS)),
    );
  }
}
