import type { ElectionAnswer, ElectionLeader } from '../wire/elections.ts';
import type { WatchEvent } from '../wire/watch.ts';
import { json } from './answer.ts';
import { type Bytes, jsonBytes, toBytes } from './bytes.ts';
import type { Caller } from './caller.ts';
import { type Held, type QueueOptions, queueUp } from './held.ts';
import type { CallOptions } from './options.ts';
import { pathOf } from './range.ts';
import { postJson } from './post-json.ts';
import { Watch } from './watch.ts';

/** An office that one candidate holds at a time, and what the holder has to say. */
export class Election {
  readonly #caller: Caller;
  readonly #path: string;
  /** What the keys of candidates begin with. */
  readonly #keys: Uint8Array;

  constructor(caller: Caller, name: Bytes) {
    this.#caller = caller;
    this.#keys = Uint8Array.of(...toBytes(name), '/'.charCodeAt(0));
    this.#path = pathOf('/elections', name);
  }

  /** Waits until this candidate leads. @throws AbcdError `locked` when the wait is over */
  async campaign(value: Bytes, options: QueueOptions = {}): Promise<Leadership> {
    const text = jsonBytes(value);
    const held = await queueUp(this.#caller, options, (lease, wait) => ({
      path: `${this.#path}/campaign`,
      body: { value: text, lease, wait },
    }));
    return new Leadership(this.#caller, this.#path, held);
  }

  /** Who leads; null when nobody does. */
  async leader(options: CallOptions = {}): Promise<ElectionLeader | null> {
    return (await this.state(options)).leader;
  }

  /** Who leads, and who waits. */
  async state(options: CallOptions = {}): Promise<ElectionAnswer> {
    const request = { method: 'GET', path: this.#path } as const;
    return await this.#caller.call(request, options, json<ElectionAnswer>);
  }

  /**
   * Who leads now, and then each time that this, or what the leader says, has changed. Leaders that
   * came and went in between may be missing. The iteration ends when the signal fires.
   */
  async *observe(
    options: Pick<CallOptions, 'signal'> = {},
  ): AsyncGenerator<ElectionLeader | null, void, undefined> {
    const watch = new Watch(this.#caller, { prefix: this.#keys }, options);
    try {
      await watch.opened;
      let leader = await this.leader(options);
      yield leader;
      for await (const item of watch) {
        if (leader !== null && item.type === 'change' && item.events.every(isArrival)) continue;
        const next = await this.leader(options);
        if (next?.modRevision === leader?.modRevision && next?.key === leader?.key) continue;
        leader = next;
        yield leader;
      }
    } catch (error) {
      if (options.signal?.aborted !== true) throw error;
    } finally {
      watch.close();
    }
  }
}

/** Somebody new queues up, which changes nothing for those who are before. */
function isArrival(event: WatchEvent): boolean {
  return event.type === 'put' && event.version === 1;
}

/** Leading an election, for as long as it lasts. */
export class Leadership implements AsyncDisposable {
  readonly #caller: Caller;
  readonly #path: string;
  readonly #held: Held;

  constructor(caller: Caller, path: string, held: Held) {
    this.#caller = caller;
    this.#path = path;
    this.#held = held;
  }

  /** Grows from leader to leader. */
  get fencingToken(): number {
    return this.#held.fencingToken;
  }

  /** Fires when this candidate may no longer lead. The reason is an AbcdError. */
  get signal(): AbortSignal {
    return this.#held.signal;
  }

  get held(): Held {
    return this.#held;
  }

  /** Says something else. @throws AbcdError `not-leading` */
  async proclaim(value: Bytes, options: CallOptions = {}): Promise<void> {
    const body = { lease: this.#held.lease.id, value: jsonBytes(value) };
    await postJson(this.#caller, `${this.#path}/proclaim`, body, options);
  }

  /** Makes way for the next candidate. */
  async resign(): Promise<void> {
    await this.#held.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held[Symbol.asyncDispose]();
  }
}
