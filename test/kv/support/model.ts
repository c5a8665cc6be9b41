import type { AppliedResult, KeyValue, KvCommand, KvResult } from '../../../src/kv/command.ts';
import type { SessionLimits } from '../../../src/kv/session.ts';
import type { ByteString } from '../../../src/lib/bytes.ts';

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

/** The state machine that is obviously right and slow: plain arrays, searched from end to end. */
export class Model {
  readonly #limits: SessionLimits;
  readonly #clients = new Map<string, ModelClient>();
  #pairs: KeyValue[] = [];
  #answered: Answered[] = [];
  #revision = 1;
  #clock = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Every pair with start <= key < end, sorted by the bytes of the keys. */
  range(start: ByteString, end: ByteString | null): KeyValue[] {
    return this.#pairs
      .filter(({ key }) => order(key, start) >= 0 && (end === null || order(key, end) < 0))
      .toSorted((a, b) => order(a.key, b.key));
  }

  apply(command: KvCommand): KvResult {
    this.#advance(command.at);
    const { requestId } = command;
    if (requestId === null) return this.#carryOut(command);
    const [, client = null, digits] = /^([\w-]{1,64})\.(0|[1-9]\d*)$/.exec(requestId) ?? [];
    const name = digits ?? requestId;
    const known = this.#clients.get(client ?? '');
    if (known !== undefined) known.lastAt = this.#clock;
    return this.#once(command, client, name);
  }

  #once(command: KvCommand, client: string | null, name: string): KvResult {
    const content = JSON.stringify({ ...command, at: null, requestId: null });
    const first = this.#answered.find((one) => one.client === client && one.name === name);
    const refused = (type: 'request-mismatch' | 'request-expired' | 'too-many-requests') =>
      ({ type, revision: this.#revision }) as const;
    if (first !== undefined) {
      return first.content === content ? first.result : refused('request-mismatch');
    }
    const known = client === null ? undefined : this.#clients.get(client);
    if (known !== undefined && Number(name) <= known.floor) return refused('request-expired');
    if (client === null) {
      const opaque = this.#answered.filter((one) => one.client === null).length;
      if (opaque >= this.#limits.opaqueRequests) return refused('too-many-requests');
    } else if (known === undefined && this.#clients.size >= this.#limits.clients) {
      return refused('too-many-requests');
    }
    const result = this.#carryOut(command);
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

  #advance(at: number): void {
    this.#clock = Math.max(this.#clock, at);
    const isOver = (since: number): boolean => this.#clock - since > this.#limits.keepMs;
    for (const [name, { lastAt }] of this.#clients) if (isOver(lastAt)) this.#clients.delete(name);
    this.#answered = this.#answered.filter(({ client, at: then }) =>
      client === null ? !isOver(then) : this.#clients.has(client),
    );
  }

  #carryOut(command: KvCommand): AppliedResult {
    const { key, condition } = command;
    const now = this.#pairs.find((pair) => pair.key === key);
    const modRevision = now?.modRevision ?? 0;
    const wanted = condition?.type === 'mod-revision' ? condition.revision : 0;
    if (condition !== null && modRevision !== wanted) {
      return { type: 'condition-failed', revision: this.#revision, modRevision };
    }
    if (command.kind === 'delete') {
      const open = command.end === null && command.open;
      const inRange = this.range(key, command.end);
      const gone = command.end !== null || open ? inRange : inRange.filter((p) => p.key === key);
      this.#pairs = this.#pairs.filter((pair) => !gone.includes(pair));
      if (gone.length > 0) this.#revision += 1;
      const prev = command.prev ? gone : [];
      return { type: 'delete', revision: this.#revision, deleted: gone.length, prev };
    }
    this.#revision += 1;
    this.#pairs = this.#pairs.filter((pair) => pair !== now);
    this.#pairs.push({
      key,
      value: command.value,
      createRevision: now?.createRevision ?? this.#revision,
      modRevision: this.#revision,
      version: (now?.version ?? 0) + 1,
    });
    const prev = command.prev ? (now ?? null) : null;
    return { type: 'put', revision: this.#revision, created: now === undefined, prev };
  }
}

/** By bytes. */
function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
}
