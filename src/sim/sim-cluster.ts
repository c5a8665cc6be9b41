/** A CLUSTER OF SIMULATED MACHINES: founds it, adds and removes members, and passes calls to it. */
import { must } from '../lib/assert.ts';
import { type ClusterId, idOfBytes, type MemberId, parseMemberId } from '../lib/ids.ts';
import { foundingClusterId, foundingConfiguration, foundingMemberId } from '../node/bootstrap.ts';
import type { RequestContext } from '../node/api.ts';
import type { Node } from '../node/node.ts';
import { memberOf } from '../raft/configuration.ts';
import { ApiError } from '../wire/errors.ts';
import { SimFailure } from './failure.ts';
import { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

const TOKEN = 'simulated';
/** How far a client is from a node, ms. */
const CLIENT_DELAY_MS = 2;
/**
 * A node answers before its deadline; by a clock that is slow by a tenth, with what it takes to
 * give up a place in a queue.
 */
const OVERDUE = 2;
const OVERDUE_MS = 1_000;
/** Patience of whoever changes the membership, for one attempt and in all, ms. */
const CHANGE_TIMEOUT_MS = 2_000;
const CHANGE_ATTEMPTS = 20;

/** The process went away, or said nothing in time: whether anything happened is not known. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Nothing listens there: nothing happened. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

/** A question to a process, from when it got there until it is answered. */
interface Asked {
  readonly node: Node;
  readonly at: number;
}

export class SimCluster {
  readonly #world: World;
  readonly clusterId: ClusterId;
  #nodes: readonly SimNode[] = [];
  /** How many nodes there were, those included that are gone, when `#nodes` was made. */
  #known = 0;

  private constructor(world: World, clusterId: ClusterId) {
    this.#world = world;
    this.clusterId = clusterId;
  }

  /** Founds a cluster and starts its members. */
  static found(world: World, size: number): SimCluster {
    const entries = Array.from({ length: size }, (_, at) => ({
      name: `n${at + 1}`,
      url: `http://n${at + 1}`,
    }));
    const clusterId = foundingClusterId(TOKEN, entries);
    const founding = foundingConfiguration(TOKEN, entries);
    for (const entry of entries) {
      const memberId = foundingMemberId(TOKEN, entry);
      const identity = { clusterId, memberId, node: {} };
      const node = new SimNode({ world, identity, name: entry.name, founding });
      world.nodes.set(memberId, node);
      node.start();
    }
    return new SimCluster(world, clusterId);
  }

  /** Everyone whose machine may still run. */
  get nodes(): readonly SimNode[] {
    const { nodes } = this.#world;
    const isOutdated = this.#nodes.some((node) => node.isGone) || this.#known !== nodes.size;
    if (isOutdated) this.#nodes = [...nodes.values()].filter((node) => !node.isGone);
    this.#known = nodes.size;
    return this.#nodes;
  }

  get running(): readonly SimNode[] {
    return this.nodes.filter((node) => node.node !== null);
  }

  /** Who leads in the newest term that has a leader. */
  get leader(): SimNode | null {
    let leader: SimNode | null = null;
    let term = 0;
    for (const candidate of this.nodes) {
      const state = candidate.node?.raft.state;
      if (state?.role.name !== 'leader' || state.term < term) continue;
      leader = candidate;
      term = state.term;
    }
    return leader;
  }

  /** Somebody who was deposed and has not noticed; null when nobody is known to be. */
  get oldLeader(): SimNode | null {
    const newest = this.leader?.node?.term() ?? 0;
    const isOld = ({ node }: SimNode): boolean =>
      node?.raft.state.role.name === 'leader' && node.term() < newest;
    return this.nodes.find(isOld) ?? null;
  }

  /**
   * Calls a node from outside. The request and the answer take time; a stopped node hears of it
   * when it goes on.
   *
   * @throws ApiError, NoAnswer, NotThere
   */
  call<T>(
    target: SimNode,
    ask: (node: Node, context: RequestContext) => Promise<T>,
    timeoutMs: number,
    requestId: string | null = null,
    signal: AbortSignal | null = null,
  ): Promise<T> {
    const { scheduler, prng } = this.#world;
    const delay = (): number => prng.unit() * CLIENT_DELAY_MS;
    return new Promise((resolve, reject) => {
      const giveUp = scheduler.after(1.5 * timeoutMs, () => reject(new NoAnswer(target.name)));
      const later = (work: () => void): void => {
        scheduler.after(delay(), () => {
          giveUp();
          work();
        });
      };
      const fail = (error: Error): void => later(() => reject(error));
      let asked: Asked | null = null;
      scheduler.after(delay(), () => {
        if (target.node === null) return fail(new NotThere(target.name));
        target.enter((node) => {
          asked = { node, at: scheduler.now };
          const overdueMs = OVERDUE * timeoutMs + OVERDUE_MS;
          scheduler.after(overdueMs, () => this.#checkEnded(target, asked));
          const context = { deadline: node.now() + timeoutMs, requestId, signal };
          ask(node, context)
            .finally(() => {
              asked = null;
            })
            .then(
              (result) => later(() => resolve(result)),
              (error: unknown) => fail(error instanceof Error ? error : new Error(String(error))),
            );
        });
      });
    });
  }

  /** A process that runs answers everything in time, if only that it does not know. */
  #checkEnded(target: SimNode, asked: Asked | null): void {
    if (asked === null || target.node !== asked.node || target.stoppedAt >= asked.at) return;
    const detail = `${target.name} was asked at ${asked.at.toFixed(3)}`;
    this.#world.failed(new SimFailure('requests end in time', detail));
  }

  /**
   * A new machine that joins, at an address that may have been another's; resolves with it once it
   * is a member, or with null.
   */
  async join(url?: string): Promise<SimNode | null> {
    const { prng, nodes } = this.#world;
    const bytes = Uint8Array.from({ length: 8 }, () => prng.between(0, 256));
    const memberId = must(parseMemberId(idOfBytes(bytes)), 'id');
    const identity = { clusterId: this.clusterId, memberId, node: {} };
    const name = `n${nodes.size + 1}`;
    const place = url === undefined ? {} : { url };
    const joiner = new SimNode({ world: this.#world, identity, name, founding: null, ...place });
    nodes.set(memberId, joiner);
    joiner.start();
    const input = { id: memberId, name, url: joiner.url };
    const added = await this.#untilDone((node, context) => node.addMember(input, context));
    if (added) return joiner;
    // Its operator gives up. Who is a member all the same may have to vote by now; who becomes one
    // later never answers, and so never has a vote.
    if (this.#mayBeMember(memberId)) return null;
    joiner.isGone = true;
    joiner.crash('drop');
    return null;
  }

  /** Whoever is down may know it as a member. */
  #mayBeMember(id: MemberId): boolean {
    return this.nodes.some(({ node }) => {
      const latest = node?.raft.state.history.latest;
      return latest === undefined || memberOf(latest, id) !== undefined;
    });
  }

  /** Removes a member for ever; resolves with whether that is certain. Its process goes on. */
  remove(id: MemberId): Promise<boolean> {
    return this.#untilDone((node, context) => node.removeMember(id, context));
  }

  /** Says where a member is now; resolves with whether that is certain. */
  move(id: MemberId, url: string): Promise<boolean> {
    return this.#untilDone((node, context) => node.updateMember(id, url, context));
  }

  /** Asks one node after another until one says that it is done. */
  async #untilDone(
    ask: (node: Node, context: RequestContext) => Promise<unknown>,
  ): Promise<boolean> {
    const { prng, scheduler } = this.#world;
    for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt += 1) {
      const { running } = this;
      // Whoever knows of no leader can only wait for one.
      const led = running.filter(({ node }) => node?.raft.state.leader !== null);
      if (running.length > 0) {
        try {
          const target = prng.pick(led.length > 0 ? led : running);
          await this.call(target, ask, CHANGE_TIMEOUT_MS);
          return true;
        } catch (error) {
          if (!isExpected(error)) throw error;
        }
      }
      await scheduler.pause(100 + prng.unit() * 500);
    }
    return false;
  }
}

/** Whether a call may fail so without anything being wrong. */
export function isExpected(error: unknown): boolean {
  if (error instanceof ApiError) return error.code !== 'internal';
  return error instanceof NoAnswer || error instanceof NotThere;
}
