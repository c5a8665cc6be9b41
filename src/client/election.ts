import type { ElectionLeader } from './answers.ts';
import { json } from './answer.ts';
import { type Bytes, jsonBytes } from './bytes.ts';
import type { Caller } from './caller.ts';
import { type Held, type QueueOptions, queueUp } from './held.ts';
import type { CallOptions } from './options.ts';
import { pathOf } from './range.ts';
import { postJson } from './txn.ts';

/** An office that one candidate holds at a time, and what the holder has to say. */
export class Election {
  readonly #caller: Caller;
  readonly #path: string;

  constructor(caller: Caller, name: Bytes) {
    this.#caller = caller;
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
  leader(options: CallOptions = {}): Promise<ElectionLeader | null> {
    const request = { method: 'GET', path: this.#path } as const;
    return this.#caller.call(request, options, json<ElectionLeader | null>);
  }
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
