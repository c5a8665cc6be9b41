import type { RequestContext } from '../../node/api.ts';
import { ApiError } from '../../wire/errors.ts';
import { clientGone } from '../../wire/usual-errors.ts';

/** Lets requests of one name through this node one after the other. */
export class UnderWay {
  readonly #now: () => number;
  readonly #busy = new Map<string, Promise<void>>();

  /** `now` by the clock of the deadlines, ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Does the work once no other of this name is under way.
   *
   * @throws ApiError `timeout` when that lasts beyond the deadline, `request-timeout` when the
   *   client goes away meanwhile, and what the work throws
   */
  async alone<T>(name: string, context: RequestContext, work: () => Promise<T>): Promise<T> {
    for (let other = this.#busy.get(name); other !== undefined; other = this.#busy.get(name)) {
      await this.#wait(other, context);
    }
    const done = Promise.withResolvers<void>();
    this.#busy.set(name, done.promise);
    try {
      return await work();
    } finally {
      this.#busy.delete(name);
      done.resolve();
    }
  }

  async #wait(other: Promise<void>, { deadline, signal }: RequestContext): Promise<void> {
    const ended = Promise.withResolvers<never>();
    const fail = (error: ApiError): void => ended.reject(error);
    const late = new ApiError('timeout', 'The first request of this name is still under way');
    const timer = setTimeout(() => fail(late), Math.max(0, deadline - this.#now()));
    const gone = (): void => fail(clientGone());
    signal?.addEventListener('abort', gone);
    try {
      if (signal?.aborted === true) gone();
      await Promise.race([other, ended.promise]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', gone);
    }
  }
}
