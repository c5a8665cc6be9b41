import type { ByteString } from '../../../src/lib/bytes.ts';
import { OF_ETCD } from '../differences.ts';
import { type Answer, isFresh } from './answer.ts';
import { decodeData, decodeRefusal, type FromEtcd, revisionOf } from './etcd-answers.ts';
import { encodeBytes, encodeData, encodeTxn, type ToEtcd } from './etcd-requests.ts';
import { openEtcdWatch } from './etcd-watch.ts';
import type { Concrete, DataOperation, Watch } from './operation.ts';
import type { System, Watcher } from './system.ts';

type Request = Readonly<Record<string, unknown>>;
type Reply = Readonly<Record<string, never>>;

const PATHS = { put: 'kv/put', get: 'kv/range', delete: 'kv/deleterange' } as const;
const ALL = encodeBytes('\0' as ByteString);

/** A real etcd, by its JSON gateway. */
export class EtcdSystem implements System {
  readonly name = 'etcd';
  readonly differences = OF_ETCD;
  readonly #url: string;
  /** How far its revisions are ahead of the model's. */
  #base = 0;

  constructor(url: string) {
    this.#url = url;
  }

  readonly #to: ToEtcd = (revision) => revision + this.#base;
  readonly #from: FromEtcd = (revision) => (revision === 0 ? 0 : revision - this.#base);

  async reset(): Promise<void> {
    const listed = await this.#ask<{ leases?: { ID: string }[] }>('lease/leases', {});
    for (const { ID } of listed.leases ?? []) await this.#ask('lease/revoke', { ID });
    const gone = await this.#ask<Reply>('kv/deleterange', { key: ALL, range_end: ALL });
    this.#base = revisionOf(gone, (revision) => revision) - 1;
  }

  async perform(operation: Exclude<Concrete, Watch<number>>): Promise<Answer> {
    try {
      return await this.#perform(operation);
    } catch (error) {
      if (error instanceof Refusal) return decodeRefusal(error.message);
      throw error;
    }
  }

  async watch(watch: Watch<number>): Promise<Answer | Watcher> {
    return await openEtcdWatch(`${this.#url}/v3/watch`, watch, this.#to, this.#from);
  }

  async #perform(operation: Exclude<Concrete, Watch<number>>): Promise<Answer> {
    switch (operation.type) {
      case 'compact': {
        // Physical: it is over, in memory and on disk, when the answer comes.
        const { revision } = operation;
        const target = revision === 0 ? 0 : this.#to(revision);
        await this.#ask('kv/compaction', { revision: String(target), physical: true });
        return { type: 'compact' };
      }
      case 'lease-grant':
      case 'lease-revoke':
      case 'lease-keepalive':
      case 'lease-get':
      case 'lease-list':
        return await this.#lease(operation);
      default:
        return await this.#data(operation);
    }
  }

  async #data(operation: DataOperation<number>): Promise<Answer> {
    const reply =
      operation.type === 'txn'
        ? await this.#ask<Reply>('kv/txn', encodeTxn(operation, this.#to))
        : await this.#ask<Reply>(PATHS[operation.type], encodeData(operation, this.#to));
    return decodeData(operation, reply, this.#from);
  }

  async #lease(operation: Extract<Concrete, { type: `lease-${string}` }>): Promise<Answer> {
    switch (operation.type) {
      case 'lease-grant': {
        const request = { ID: operation.id, TTL: operation.ttl };
        const { ID, TTL } = await this.#ask<{ ID: string; TTL: string }>('lease/grant', request);
        return { type: 'lease-grant', id: ID, ttl: Number(TTL) };
      }
      case 'lease-revoke': {
        const reply = await this.#ask<Reply>('lease/revoke', { ID: operation.id });
        return { type: 'lease-revoke', revision: revisionOf(reply, this.#from) };
      }
      case 'lease-keepalive': {
        const { result } = await this.#ask<{ result: { ID: string; TTL?: string } }>(
          'lease/keepalive',
          { ID: operation.id },
        );
        if (result.TTL === undefined) return { type: 'failed', kind: 'lease-not-found' };
        return { type: 'lease-keepalive', id: result.ID, ttl: Number(result.TTL) };
      }
      case 'lease-get':
        return await this.#timeToLive(operation.id);
      case 'lease-list': {
        const { leases = [] } = await this.#ask<{ leases?: { ID: string }[] }>('lease/leases', {});
        return { type: 'lease-list', ids: leases.map(({ ID }) => ID).toSorted() };
      }
    }
  }

  async #timeToLive(id: string): Promise<Answer> {
    interface TimeToLive {
      readonly ID: string;
      readonly TTL: string;
      readonly grantedTTL?: string;
      readonly keys?: readonly string[];
    }
    const request = { ID: id, keys: true };
    const {
      ID,
      TTL,
      grantedTTL,
      keys = [],
    } = await this.#ask<TimeToLive>('lease/timetolive', request);
    if (TTL === '-1') return { type: 'failed', kind: 'lease-not-found' };
    const ttl = Number(grantedTTL);
    const decoded = keys.map((key) => atob(key) as ByteString).toSorted(byBytes);
    return { type: 'lease-get', id: ID, ttl, isFresh: isFresh(Number(TTL), ttl), keys: decoded };
  }

  /** @throws Refusal with etcd's message */
  async #ask<T>(path: string, request: Request): Promise<T> {
    const body = JSON.stringify(request);
    const response = await fetch(`${this.#url}/v3/${path}`, { method: 'POST', body });
    const text = await response.text();
    if (response.ok) return JSON.parse(text) as T;
    throw new Refusal((JSON.parse(text) as { message?: string }).message ?? text);
  }
}

class Refusal extends Error {
  override readonly name = 'Refusal';
}

function byBytes(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
