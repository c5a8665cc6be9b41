/** One connection of a watch: from a revision on, until it breaks or the node ends it. */

import type { WatchEvent, WatchLine } from '../wire/watch.ts';
import { stream } from './answer.ts';
import type { Caller } from './caller.ts';
import type { CallOptions } from './options.ts';
import { type KeyOrRange, query, rangeParameters } from './range.ts';
import { type ServerEvent, ServerEvents } from './sse.ts';

/** All changes of one revision, in their order. */
export interface Change {
  readonly type: 'change';
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

/** What a connection says. */
export type WatchMessage =
  | Change
  /** Everything up to the revision was said. */
  | { readonly type: 'progress'; readonly revision: number }
  | { readonly type: 'compacted' }
  /** It is over, and the rest is to be had from its next revision on, of this node or another. */
  | { readonly type: 'over'; readonly reason: 'broken' | 'slow' | 'shutdown' };

/** What is watched, and how. */
export interface WatchSpec {
  readonly target: KeyOrRange;
  readonly prev: boolean;
  readonly filter: 'put' | 'delete' | undefined;
}

/** A node says at least so often how far it is: one that is cut off from the others cannot. */
const PROGRESS_SECONDS = 5;
const IDLE_MS = 3.5 * PROGRESS_SECONDS * 1000;

export class WatchConnection {
  readonly #events: ServerEvents;
  readonly #caller: Caller;
  readonly #url: string;
  #isClosed = false;

  private constructor(caller: Caller, url: string, body: ReadableStream<Uint8Array>) {
    this.#caller = caller;
    this.#url = url;
    this.#events = new ServerEvents(body, caller.settings.clock, IDLE_MS);
  }

  /** @throws AbcdError `compacted` when the revision is forgotten, and others */
  static open(
    caller: Caller,
    { target, prev, filter }: WatchSpec,
    revision: number,
    options: CallOptions,
  ): Promise<WatchConnection> {
    const path = query('/watch', {
      ...rangeParameters(target),
      revision,
      prev,
      filter,
      progress: `${PROGRESS_SECONDS}s`,
    });
    const headers = { accept: 'text/event-stream' };
    return caller.call({ method: 'GET', path, headers }, options, async (response, url) => {
      return new WatchConnection(caller, url, await stream('text/event-stream')(response));
    });
  }

  /** Waits for what comes next. Nothing is read ahead of it, but what the network holds. */
  async next(): Promise<WatchMessage> {
    for (;;) {
      const event = await this.#events.next();
      if (event === null) return this.#over('broken');
      const message = messageOf(event);
      if (message?.type === 'over') return this.#over(message.reason);
      if (message !== null) return message;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#events.close();
  }

  /** A slow reader did not suffer from the node; any other end is a reason to go elsewhere. */
  #over(reason: 'broken' | 'slow' | 'shutdown'): WatchMessage {
    if (reason !== 'slow' && !this.#isClosed) this.#caller.endpoints.refused(this.#url, 0);
    return { type: 'over', reason };
  }
}

/** An event as a message; null for one of a kind that is not known yet. */
function messageOf({ event, data }: ServerEvent): WatchMessage | null {
  // The form is the node's promise, as in answers.
  const line = { event, ...(JSON.parse(data) as object) } as WatchLine;
  switch (line.event) {
    case 'change':
      return { type: 'change', revision: line.revision, events: line.events };
    case 'progress':
      return { type: 'progress', revision: line.revision };
    case 'canceled': {
      const { reason } = line;
      if (reason === 'compacted') return { type: 'compacted' };
      return {
        type: 'over',
        reason: reason === 'slow' || reason === 'shutdown' ? reason : 'broken',
      };
    }
    default:
      return null;
  }
}
