import { expect } from 'bun:test';
import type { LeaseId } from '../../../src/kv/command.ts';
import { type ByteString, bytesOfText } from '../../../src/lib/bytes.ts';
import type { KvProposal, RequestContext } from '../../../src/node/api.ts';
import { contenderKey, contendersOf } from '../../../src/node/locks/contender.ts';
import { type AcquireRequest, LockQueue } from '../../../src/node/locks/lock-queue.ts';
import type { Acquired } from '../../../src/node/locks/waiter.ts';
import { FakeNode } from '../../support/fake-node.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';
import { type Outcome, watch } from '../support/outcome.ts';

export const NAME = bytesOfText('a');
export const TIMEOUT_MS = 5000;

export interface Wish extends Partial<AcquireRequest> {
  readonly waitMs?: number;
}

/** A request for the lock `a`, and its client. */
export class Client {
  readonly #gone = new AbortController();
  readonly outcome: Outcome<Acquired>;

  constructor(rig: LockRig, wish: Wish) {
    const { waitMs = 30_000, ...request } = wish;
    const { signal } = this.#gone;
    const context = { waitMs, timeoutMs: TIMEOUT_MS, signal, shutdown: rig.shutdown.signal };
    const lease = { ttl: 60 };
    const asked = { name: NAME, value: bytesOfText(''), lease, requestId: null, ...request };
    this.outcome = watch(rig.queue.acquire(asked, context));
  }

  goAway(): void {
    this.#gone.abort();
  }

  /** `held`, `locked`, the code of an error, or `open`. */
  get state(): string {
    return this.outcome.value?.type ?? this.outcome.code;
  }

  get token(): number | null {
    const { value } = this.outcome;
    return value?.type === 'held' ? value.place.createRevision : null;
  }
}

/** The queue of a lock on a node without a cluster, in time that passes when a test says so. */
export class LockRig {
  readonly node = new FakeNode();
  readonly clock = new ManualClock();
  readonly shutdown = new AbortController();
  readonly queue: LockQueue;
  /** What was proposed, by kind. */
  readonly proposed: KvProposal[] = [];
  /** What to do about a proposal before it is applied, or instead. */
  onPropose: (proposal: KvProposal) => void | Promise<void> = () => undefined;
  /** And about one that was applied. */
  onApplied: (proposal: KvProposal) => void = () => undefined;

  constructor() {
    const { node, clock } = this;
    const propose = node.propose.bind(node);
    node.now = () => clock.now();
    node.propose = async (proposal: KvProposal, context: RequestContext) => {
      this.proposed.push(proposal);
      await this.onPropose(proposal);
      const result = await propose(proposal, context);
      this.onApplied(proposal);
      return result;
    };
    this.queue = new LockQueue(node, clock);
  }

  async ask(wish: Wish = {}): Promise<Client> {
    const client = new Client(this, wish);
    await this.settle();
    return client;
  }

  /** Lets all that waits for nothing but its turn have it. */
  async settle(): Promise<void> {
    for (let i = 0; i < 5; i += 1) await turn();
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.settle();
  }

  grant(id: string, ttl = 60): LeaseId {
    this.node.apply({ kind: 'lease-grant', id: id as LeaseId, ttl });
    return id as LeaseId;
  }

  revoke(id: LeaseId): void {
    this.node.apply({ kind: 'lease-revoke', id });
  }

  delete(key: ByteString): void {
    this.node.apply({ kind: 'delete', key, end: null, open: false, condition: null, prev: false });
  }

  /** Takes the lock away from whoever holds it. */
  pass(): void {
    const [first] = contendersOf(this.node.store, NAME);
    if (first !== undefined) this.delete(first.pair.key);
  }

  /** The leases in the queue, in order. */
  get line(): LeaseId[] {
    return contendersOf(this.node.store, NAME).map(({ lease }) => lease);
  }

  get leases(): number {
    return this.node.store.leaseCount;
  }

  key(lease: LeaseId): ByteString {
    return contenderKey(NAME, lease);
  }

  kinds(): string[] {
    return this.proposed.map(({ kind }) => kind);
  }

  /** Nothing of all that was asked is left behind on the node. */
  expectNothingLeft(): void {
    expect(this.queue.size).toBe(0);
    expect(this.node.changes.size).toBe(0);
    expect(this.clock.timers).toBe(0);
  }
}
