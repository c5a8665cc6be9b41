/**
 * RARE SCENES: what chance brings about too seldom, played on purpose when all is well again. Each
 * run plays some of them.
 */
import type { LeaseId } from '../kv/command.ts';
import type { ByteString } from '../lib/bytes.ts';
import { bytesOfText } from '../lib/bytes.ts';
import type { Prng } from '../lib/prng.ts';
import { LockQueue } from '../node/locks/lock-queue.ts';
import type { Acquired } from '../node/locks/waiter.ts';
import type { Node } from '../node/node.ts';
import type { Calm } from './calm.ts';
import { recovers, returnsWithTail } from './log-scenes.ts';
import { NO_WRITE } from './services.ts';
import type { SimNode } from './sim-node.ts';

/** How many of them a run plays. */
const SCENES = 2;
/** Before all keys of the clients. */
const LOCK = bytesOfText('a-last-lock');
const LONG_TTL = 60;
/** Whoever waits for longer has to be kept alive. */
const WAIT_TTL = 1;
const WAITED_MS = 3_000;
const WAIT_MS = 20_000;
const FIRST_LEASE = 800_000_001;
/** Time for a lease of that time to live to end, however it is cut into terms. */
const SHORT_TTL = 2;
const TERMS = 6;
const TERM_MS = 1_500;
const LEASE_ENDS_MS = 20_000;
/** In election timeouts. */
const AWAY_FOR = 6;
/** Asked of who was deposed: it hears them in any order, with what tells it so. */
const QUESTIONS = 60;

export class RareScenes {
  readonly #calm: Calm;
  readonly #prng: Prng;
  #leases = 0;

  constructor(calm: Calm) {
    this.#calm = calm;
    this.#prng = calm.world.prng.fork();
  }

  /** @throws SimFailure */
  play(): void {
    const scenes = [
      () => this.#wakesTheNext(),
      () => this.#endsLeaseOfManyTerms(),
      () => this.#replacesUselessLeader(),
      () => this.#asksDeposedLeader(),
      () => this.#bearsReturn(),
      () => recovers(this.#calm, this.#prng),
      () => returnsWithTail(this.#calm, this.#prng),
    ];
    for (let i = 0; i < SCENES && !this.#calm.hasFailed; i += 1) {
      const [scene] = scenes.splice(this.#prng.between(0, scenes.length), 1);
      scene?.();
    }
  }

  /** One holds a lock, another waits for it on some node; the lock is given back. */
  #wakesTheNext(): void {
    if (!this.#hasRoom) return;
    const { members, world, servedMs } = this.#calm;
    const first = this.#prng.pick(members);
    const second = this.#prng.pick(members);
    const held = this.#calm.served('locks are served', first, (node) =>
      acquire(first, node, LONG_TTL),
    );
    let next: Acquired | null = null;
    second.enter((node) => {
      acquire(second, node, WAIT_TTL).then((acquired) => {
        next = acquired;
      }, world.failed);
    });
    this.#calm.runFor(WAITED_MS, () => next !== null);
    const isAlone = held?.type === 'held' && next === null;
    this.#calm.check(isAlone, 'locks have one holder', () => JSON.stringify({ held, next }));
    this.#release(first, held);
    this.#calm.runFor(servedMs, () => next !== null);
    const acquired = next as Acquired | null;
    const isHeld = acquired?.type === 'held';
    this.#calm.check(isHeld, 'who is next is told', () => `${second.name}: ${acquired?.type}`);
    this.#calm.world.coverage.count('scene-lock-handed-on');
    this.#release(second, acquired);
  }

  #release(member: SimNode, acquired: Acquired | null): void {
    if (acquired?.type !== 'held') return;
    const { lease: id } = acquired.place.entrant;
    this.#calm.served('locks are given back', member, (node, context) =>
      node.propose({ kind: 'lease-revoke', id }, context),
    );
  }

  /** Each leader leads for less than the lease has to live. */
  #endsLeaseOfManyTerms(): void {
    const lease = this.#grant();
    if (lease === null) return;
    for (let term = 0; term < TERMS && !this.#calm.hasFailed; term += 1) {
      this.#calm.runFor(TERM_MS);
      this.#calm.leader?.enter((node) => node.stepDown());
      this.#calm.runFor(0);
      this.#calm.isSucceeded(null);
    }
    this.#calm.runFor(TERM_MS, () => this.#hasEnded(lease));
    const hasEnded = this.#hasEnded(lease);
    this.#calm.check(hasEnded, 'leases end however often leaders change', () => {
      return `${SHORT_TTL} s of lease ${lease} are not over in ${TERMS} terms of ${TERM_MS} ms`;
    });
    this.#calm.world.coverage.count('scene-lease-of-many-terms');
  }

  /**
   * Its heartbeats go on, for they need no disk and no answer: others hear of it only if the leader
   * itself makes room.
   */
  #replacesUselessLeader(): void {
    const { leader, world } = this.#calm;
    if (leader === null || !this.#calm.isDispensable(leader)) return;
    const isStuck = this.#prng.chance(0.5);
    world.trace.line(leader.name, isStuck ? 'its disk hangs for good' : 'hears nobody');
    if (isStuck) leader.disk.stick();
    const rest = [...world.nodes.keys()].filter((id) => id !== leader.id);
    const mend = isStuck ? () => undefined : world.network.cut(rest, [leader.id]);
    this.#calm
      .ask(leader, (node, context) => node.propose(NO_WRITE, context))
      .catch(() => undefined);
    const isReplaced = this.#calm.isSucceeded(leader);
    mend();
    leader.disk.release();
    this.#calm.check(isReplaced, 'a leader that can do nothing is replaced', () => leader.name);
    this.#calm.world.coverage.count('scene-useless-leader');
  }

  /** It was stopped, and does not know yet. What it promises now, others have given up. */
  #asksDeposedLeader(): void {
    const { leader, world, servedMs } = this.#calm;
    if (leader === null || !this.#calm.isDispensable(leader)) return;
    const lease = this.#grant();
    if (lease === null) return;
    world.trace.line(leader.name, 'is stopped until it is deposed');
    leader.stop();
    const isDeposed = this.#calm.isSucceeded(leader);
    this.#calm.check(isDeposed, 'a leader that is silent is replaced', () => leader.name);
    this.#calm.runFor(LEASE_ENDS_MS, () => this.#hasEnded(lease));
    this.#calm.check(this.#hasEnded(lease), 'leases end', () => `lease ${lease} lives on`);
    let open = QUESTIONS;
    for (let question = 0; question < QUESTIONS; question += 1) {
      const answer = this.#calm.ask(leader, (node, context) => node.keepAlive(lease, context));
      const done = (): void => {
        open -= 1;
      };
      answer.then((ttl) => {
        open -= 1;
        if (ttl !== null) this.#renewed(leader, lease);
      }, done);
    }
    this.#calm.runFor(servedMs / 4);
    leader.resume();
    this.#calm.runFor(2 * servedMs, () => open === 0);
    this.#calm.world.coverage.count('scene-deposed-leader');
  }

  #renewed({ name }: SimNode, lease: LeaseId): void {
    try {
      this.#calm.check(false, 'nobody renews what has ended', () => `${name} renews ${lease}`);
    } catch (error) {
      this.#calm.world.failed(error);
    }
  }

  /** Who could not hear the leader, or nobody at all, comes back, and the leader leads on. */
  #bearsReturn(): void {
    const { leader, world, members } = this.#calm;
    const others = members.filter((member) => member !== leader);
    if (leader === null || others.length === 0) return;
    const away = this.#prng.pick(others);
    if (!this.#calm.isDispensable(away)) return;
    const term = leader.node?.term();
    const hearsOthers = this.#prng.chance(0.5);
    world.trace.line(away.name, hearsOthers ? 'does not hear the leader' : 'is cut off');
    const rest = [...world.nodes.keys()].filter((id) => id !== away.id);
    const mend = hearsOthers
      ? world.network.cut([leader.id], [away.id])
      : world.network.part([away.id], rest);
    this.#calm.runFor(AWAY_FOR * world.profile.timing.electionMs);
    mend();
    this.#calm.runFor(AWAY_FOR * world.profile.timing.electionMs);
    const isSame = this.#calm.leader === leader && leader.node?.term() === term;
    this.#calm.check(isSame, 'who comes back disturbs nobody', () => {
      return `${away.name} came back, and ${leader.name} leads term ${term} no more`;
    });
    this.#calm.world.coverage.count('scene-return');
  }

  /** A lease of two seconds; null when it cannot be had. */
  #grant(): LeaseId | null {
    const { leader } = this.#calm;
    if (leader === null || !this.#hasRoom) return null;
    const id = String(FIRST_LEASE + this.#leases) as LeaseId;
    this.#leases += 1;
    this.#calm.served('leases are granted', leader, (node, context) =>
      node.propose({ kind: 'lease-grant', id, ttl: SHORT_TTL }, context),
    );
    return id;
  }

  #hasEnded(lease: LeaseId): boolean {
    const leading = this.#calm.leader?.node;
    return leading !== undefined && leading !== null && leading.store.lease(lease) === undefined;
  }

  /** What takes room may be refused where there is a quota. */
  get #hasRoom(): boolean {
    return this.#calm.world.profile.limits.quotaBytes === 0;
  }
}

async function acquire(member: SimNode, node: Node, ttl: number): Promise<Acquired> {
  const request = { name: LOCK, value: '' as ByteString, lease: { ttl }, requestId: null };
  const context = { waitMs: WAIT_MS, timeoutMs: WAIT_MS, signal: null, shutdown: NEVER };
  return await new LockQueue(node, member.timers).acquire(request, context);
}

const NEVER = new AbortController().signal;
