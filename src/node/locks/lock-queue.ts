import type { LeaseId } from '../../kv/command.ts';
import type { ByteString } from '../../lib/bytes.ts';
import type { Clock } from '../clock.ts';
import { LeaderFeed } from './leader-feed.ts';
import { QueueViews } from './queue-view.ts';
import { type Acquired, type LockNode, type WaitContext, Waiter } from './waiter.ts';

/** Who wants to hold a lock. */
export interface AcquireRequest {
  readonly name: ByteString;
  /** What its key is to say. */
  readonly value: ByteString;
  /**
   * A lease that its client keeps alive; or the time to live, in seconds, of one that is granted
   * with the place, and renewed by this node during the wait.
   */
  readonly lease: { readonly id: LeaseId } | { readonly ttl: number };
  /** The request's name: sent again under it, it asks with the same lease. Null for none. */
  readonly requestId: string | null;
}

/**
 * LOCKS AND ELECTIONS: queues of keys, whose first holds (contender.ts). All of it is in the
 * replicated state; a node that dies takes nothing with it but its waiters' connections, whose
 * leases then end.
 *
 * What a lock promises: of two that were told to hold it, the one with the greater fencing token
 * was told later, and by then the key of the other was gone. Whoever was paused for longer than its
 * lease may not know that it is the other: what must not be touched by two has to compare tokens.
 */
export class LockQueue {
  readonly #node: LockNode;
  readonly #timers: Pick<Clock, 'setTimer'>;
  readonly #views: QueueViews;

  constructor(node: LockNode, timers: Pick<Clock, 'setTimer'>) {
    this.#node = node;
    this.#timers = timers;
    this.#views = new QueueViews(node);
  }

  /** How many names somebody waits for on this node, or observes. */
  get size(): number {
    return this.#views.size;
  }

  /** Queues up and waits. @throws ApiError as `Waiter.acquire` */
  async acquire(request: AcquireRequest, context: WaitContext): Promise<Acquired> {
    const { name, value, lease, requestId } = request;
    const entrant =
      'id' in lease
        ? { name, value, lease: lease.id, ttl: null, isAlone: false }
        : {
            name,
            value,
            lease: this.#node.drawLeaseId(requestId),
            ttl: lease.ttl,
            isAlone: requestId === null,
          };
    const { view, close } = this.#views.open(name);
    return await new Waiter(this.#node, this.#timers, view, entrant, context).acquire(close);
  }

  /** Tells who leads, and each change of that from now on. To be closed. */
  observe(name: ByteString): LeaderFeed {
    return new LeaderFeed(this.#views.open(name), () => this.#node.store.revision);
  }
}
