import type { ByteString } from '../../../src/lib/bytes.ts';
import { OF_HTTP } from '../differences.ts';
import { agree } from './agree.ts';
import { type Answer, isFresh } from './answer.ts';
import {
  decodeBytes,
  decodeDelete,
  decodePage,
  decodePair,
  decodeProblem,
  decodePut,
  decodeTxn,
  type FromNode,
  type HttpDelete,
  type HttpPage,
  type HttpPut,
  type HttpTxn,
  requireSame,
} from './http-answers.ts';
import {
  hasRequest,
  type HttpRequest,
  isPlain,
  leaseRequest,
  requestOf,
  type ToNode,
  txnRequest,
} from './http-requests.ts';
import { openHttpWatch } from './http-watch.ts';
import type { Concrete, DataOperation, Get, Txn, Watch } from './operation.ts';
import type { System, Watcher } from './system.ts';

interface Reply {
  readonly body: unknown;
  readonly isRefused: boolean;
  /** The store's, of the node itself. */
  readonly revision: number;
}

/** Real nodes of abcd, over HTTP; each request goes to the next of them. */
export class HttpSystem implements System {
  readonly name: string;
  readonly differences = OF_HTTP;
  readonly #urls: readonly string[];
  readonly #client = crypto.randomUUID();
  #named = 0;
  /** Of operations: what there is a choice of is done in turns. */
  #turn = 0;
  /** Of requests. */
  #count = 0;
  /** How far its revisions are ahead of the model's. */
  #base = 0;

  constructor(name: string, urls: readonly string[]) {
    this.name = name;
    this.#urls = urls;
  }

  readonly #to: ToNode = (revision) => revision + this.#base;
  readonly #from: FromNode = (revision) => (revision === 0 ? 0 : revision - this.#base);

  async reset(): Promise<void> {
    // So that a sequence that failed fails again.
    this.#turn = 0;
    this.#count = 0;
    const { leases } = await this.#body<{ leases: { id: string }[] }>('GET', '/leases');
    for (const { id } of leases) await this.#body('DELETE', `/leases/${id}`);
    const { revision } = await this.#body<HttpDelete>('DELETE', '/kv?prefix=');
    this.#base = revision - 1;
  }

  async perform(operation: Exclude<Concrete, Watch<number>>): Promise<Answer> {
    this.#turn += 1;
    try {
      return await this.#perform(operation);
    } catch (error) {
      if (error instanceof Refusal) return decodeProblem(error.problem);
      throw error;
    }
  }

  async watch(watch: Watch<number>): Promise<Answer | Watcher> {
    this.#turn += 1;
    const form = this.#turn % 2 === 0 ? 'lines' : 'events';
    return await openHttpWatch(this.#next(), form, watch, this.#to, this.#from);
  }

  async #perform(operation: Exclude<Concrete, Watch<number>>): Promise<Answer> {
    switch (operation.type) {
      case 'put':
      case 'get':
      case 'delete':
      case 'txn':
        return await this.#data(operation);
      case 'compact': {
        const { revision } = operation;
        const target = revision === 0 ? 0 : this.#to(revision);
        const body = JSON.stringify({ revision: target });
        await this.#ask({ method: 'POST', path: '/compact', body });
        return { type: 'compact' };
      }
      default:
        return await this.#lease(operation);
    }
  }

  /** By a request of its own or by a transaction, in turns where there are both. */
  async #data(operation: DataOperation<number>): Promise<Answer> {
    if (operation.type === 'txn') return await this.#txn(operation);
    if (hasRequest(operation) && this.#turn % 3 !== 0) return await this.#alone(operation);
    const txn: Txn<number> = { type: 'txn', compare: [], success: [operation], failure: [] };
    const answer = await this.#txn(txn);
    return answer.type === 'txn' ? (answer.results[0] ?? answer) : answer;
  }

  async #alone(operation: Exclude<DataOperation<number>, Txn<number>>): Promise<Answer> {
    const request = requestOf(operation, this.#to);
    if (operation.type === 'get' && isPlain(operation)) return await this.#key(request);
    const { body, revision } = await this.#ask(request);
    switch (operation.type) {
      case 'put':
        requireSame(operation.key, body as HttpPut, operation.lease);
        return decodePut(body as HttpPut, this.#from);
      case 'get':
        await this.#followPages(operation, request, body as HttpPage);
        return decodePage(body as HttpPage, revision, this.#from);
      case 'delete':
        return decodeDelete(body as HttpDelete, this.#from);
    }
  }

  /** All pages, one after the other, are what one large page is. @throws Error */
  async #followPages(get: Get<number>, request: HttpRequest, first: HttpPage): Promise<void> {
    if ((first.next ?? null) === null || this.#turn % 2 !== 0) return;
    const pairs = [...first.kvs];
    for (let next = first.next ?? null; next !== null; ) {
      const page = await this.#body<HttpPage>('GET', `${request.path}&cursor=${next}`);
      pairs.push(...page.kvs);
      next = page.next ?? null;
    }
    const { limit: _, ...whole } = { ...get, revision: this.#from(first.revision) };
    const { body } = await this.#ask(requestOf(whole, this.#to));
    if (agree((body as HttpPage).kvs, pairs)) return;
    throw new Error(`pages: ${JSON.stringify(pairs)} of ${JSON.stringify(body)}`);
  }

  /** A key that is not there is no refusal of what was asked. */
  async #key(request: HttpRequest): Promise<Answer> {
    try {
      const { body, revision } = await this.#ask(request);
      const kvs = [decodePair(body as HttpPage['kvs'][number], this.#from)];
      return { type: 'get', revision: this.#from(revision), count: 1, kvs, more: false };
    } catch (error) {
      if (!(error instanceof Refusal) || error.problem.code !== 'key-not-found') throw error;
      const revision = this.#from(error.revision);
      return { type: 'get', revision, count: 0, kvs: [], more: false };
    }
  }

  async #txn(txn: Txn<number>): Promise<Answer> {
    const { body } = await this.#ask(txnRequest(txn, this.#to));
    return decodeTxn(txn, body as HttpTxn, this.#from);
  }

  async #lease(operation: Extract<Concrete, { type: `lease-${string}` }>): Promise<Answer> {
    const { body } = await this.#ask(leaseRequest(operation));
    switch (operation.type) {
      case 'lease-grant':
      case 'lease-keepalive': {
        const { id, ttl } = body as { readonly id: string; readonly ttl: number };
        return { type: operation.type, id, ttl };
      }
      case 'lease-revoke':
        return { type: 'lease-revoke', revision: this.#from((body as HttpDelete).revision) };
      case 'lease-get':
        return leaseAnswer(body as HttpLease);
      case 'lease-list': {
        const { leases } = body as { readonly leases: readonly { readonly id: string }[] };
        return { type: 'lease-list', ids: leases.map(({ id }) => id).toSorted() };
      }
    }
  }

  async #body<T>(method: HttpRequest['method'], path: string): Promise<T> {
    const { body } = await this.#ask({ method, path });
    return body as T;
  }

  /** @throws Refusal with the problem */
  async #ask(request: HttpRequest): Promise<Reply> {
    const isNamed = request.method !== 'GET' && this.#turn % 4 === 0;
    const reply = isNamed ? await this.#askTwice(request) : await this.#send(request);
    if (reply.isRefused) throw new Refusal(reply.body as { code?: string }, reply.revision);
    return reply;
  }

  /** Under a name the same request has one effect, and one answer. */
  async #askTwice(request: HttpRequest): Promise<Reply> {
    this.#named += 1;
    const name = `${this.#client}.${this.#named}`;
    const first = await this.#send(request, { 'idempotency-key': name });
    const again = await this.#send(request, { 'idempotency-key': name });
    if (agree(first.body, again.body)) return first;
    throw new Error(`${JSON.stringify(first.body)}, and again ${JSON.stringify(again.body)}`);
  }

  async #send(
    { method, path, body }: HttpRequest,
    naming: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    const type = typeof body === 'string' ? { 'content-type': 'application/json' } : {};
    const headers = { ...naming, ...type };
    const response = await fetch(`${this.#next()}${path}`, { method, body: body ?? null, headers });
    const revision = Number(response.headers.get('abcd-revision') ?? Number.NaN);
    return { body: await response.json(), revision, isRefused: !response.ok };
  }

  #next(): string {
    this.#count += 1;
    const url = this.#urls[this.#count % this.#urls.length];
    if (url === undefined) throw new Error('no node');
    return url;
  }
}

interface HttpLease {
  readonly id: string;
  readonly ttl: number;
  readonly remaining: number;
  readonly keys: readonly (string | { readonly base64: string })[];
}

function leaseAnswer({ id, ttl, remaining, keys }: HttpLease): Answer {
  const decoded = keys.map((key): ByteString => {
    return typeof key === 'string' ? decodeBytes(key) : decodeBytes(key.base64, 'base64');
  });
  return { type: 'lease-get', id, ttl, isFresh: isFresh(remaining, ttl), keys: decoded };
}

class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly problem: { readonly code?: string };
  readonly revision: number;

  constructor(problem: { readonly code?: string }, revision: number) {
    super(JSON.stringify(problem));
    this.problem = problem;
    this.revision = revision;
  }
}
