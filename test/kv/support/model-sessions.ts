import type { AppliedResult } from '../../../src/kv/command.ts';
import type { Refusal, SessionLimits } from '../../../src/kv/session.ts';

interface Answered {
  /** The client's name, or null for a name that does not count. */
  readonly client: string | null;
  /** The number within the client, or the whole name. */
  readonly name: string;
  readonly content: string;
  readonly at: number;
  readonly result: AppliedResult;
}

interface ModelClient {
  lastAt: number;
  floor: number;
}

/** What is remembered of named requests, in plain arrays that are searched from end to end. */
export class ModelSessions {
  readonly #limits: SessionLimits;
  readonly #clients = new Map<string, ModelClient>();
  #answered: Answered[] = [];
  #clock = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  advance(at: number): void {
    this.#clock = Math.max(this.#clock, at);
    const isOver = (since: number): boolean => this.#clock - since > this.#limits.keepMs;
    for (const [name, { lastAt }] of this.#clients) if (isOver(lastAt)) this.#clients.delete(name);
    this.#answered = this.#answered.filter(({ client, at: then }) =>
      client === null ? !isOver(then) : this.#clients.has(client),
    );
  }

  once(requestId: string, content: string, carryOut: () => AppliedResult): AppliedResult | Refusal {
    const [, client = null, digits] = /^(~?[\w-]{1,64})\.(0|[1-9]\d*)$/.exec(requestId) ?? [];
    const name = digits ?? requestId;
    const known = this.#clients.get(client ?? '');
    if (known !== undefined) known.lastAt = this.#clock;
    const first = this.#answered.find((one) => one.client === client && one.name === name);
    if (first !== undefined) return first.content === content ? first.result : 'request-mismatch';
    if (known !== undefined && Number(name) <= known.floor) return 'request-expired';
    if (client === null) {
      const opaque = this.#answered.filter((one) => one.client === null).length;
      if (opaque >= this.#limits.opaqueRequests) return 'too-many-requests';
    } else if (known === undefined && !client.startsWith('~')) {
      const users = [...this.#clients.keys()].filter((one) => !one.startsWith('~'));
      if (users.length >= this.#limits.clients) return 'too-many-requests';
    }
    const result = carryOut();
    this.#answered.push({ client, name, content, at: this.#clock, result });
    if (client !== null) this.#trim(client);
    return result;
  }

  #trim(client: string): void {
    const known = this.#clients.get(client) ?? { lastAt: this.#clock, floor: -1 };
    this.#clients.set(client, known);
    const own = this.#answered
      .filter((one) => one.client === client)
      .toSorted((a, b) => Number(b.name) - Number(a.name));
    for (const old of own.slice(this.#limits.window)) {
      known.floor = Math.max(known.floor, Number(old.name));
      this.#answered.splice(this.#answered.indexOf(old), 1);
    }
  }
}
