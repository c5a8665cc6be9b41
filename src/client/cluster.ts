import type {
  AddMemberAnswer,
  ClusterAnswer,
  ConfigurationRecord,
  TransferAnswer,
} from '../wire/cluster.ts';
import type { HashAnswer, StatusAnswer, VersionAnswer } from '../wire/node.ts';
import { json, stream } from './answer.ts';
import type { Caller } from './caller.ts';
import type { ClientRequest } from './exchange.ts';
import { type CallOptions, endpointOf } from './options.ts';
import { postJson } from './post-json.ts';
import { query } from './range.ts';

/** What a member change leaves: the new configuration. */
export interface ChangedCluster {
  readonly configuration: ConfigurationRecord;
}

/** The members of a cluster. */
export class Cluster {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Who the members are, and who leads. */
  get(options: CallOptions = {}): Promise<ClusterAnswer> {
    return this.#caller.call({ method: 'GET', path: '/cluster' }, options, json<ClusterAnswer>);
  }

  /** Learns where all members are, so that any of them may be asked from now on. */
  async discover(options: CallOptions = {}): Promise<readonly string[]> {
    const { members } = await this.get(options);
    this.#caller.endpoints.add(members.map(({ url }) => endpointOf(url)));
    return this.#caller.endpoints.urls;
  }

  /** Adds a member, which learns the log and is then promoted. Nodes that `--join` do it alone. */
  add(
    url: string,
    options: CallOptions & { readonly name?: string } = {},
  ): Promise<AddMemberAnswer> {
    const { name } = options;
    const body = name === undefined ? { url } : { url, name };
    return postJson(this.#caller, '/cluster/members', body, options);
  }

  /** Removes a member for ever. @throws AbcdError `would-lose-quorum`, `member-not-found` */
  remove(id: string, options: CallOptions = {}): Promise<ChangedCluster> {
    return this.#caller.call(memberRequest('DELETE', id), options, json<ChangedCluster>);
  }

  /** Says where a member is now. */
  move(id: string, url: string, options: CallOptions = {}): Promise<ChangedCluster> {
    const headers = { 'content-type': 'application/json' };
    const request = { ...memberRequest('PUT', id), headers, body: JSON.stringify({ url }) };
    return this.#caller.call(request, options, json<ChangedCluster>);
  }

  /** Makes a learner a voter. @throws AbcdError `not-caught-up` */
  promote(id: string, options: CallOptions = {}): Promise<ChangedCluster> {
    const request = memberRequest('POST', id, '/promote');
    return this.#caller.call(request, options, json<ChangedCluster>);
  }

  /** Hands leadership over, to the most up-to-date voter unless one is named. */
  transferLeadership(to?: string, options: CallOptions = {}): Promise<TransferAnswer> {
    const body = to === undefined ? {} : { to };
    return postJson(this.#caller, '/cluster/leader', body, options);
  }
}

/** What a single node says of itself. */
export class Node {
  readonly #caller: Caller;
  /** Its base URL. */
  readonly url: string;

  constructor(caller: Caller, url: string) {
    this.#caller = caller;
    this.url = endpointOf(url);
  }

  status(options: CallOptions = {}): Promise<StatusAnswer> {
    return this.#get('/status', options);
  }

  version(options: CallOptions = {}): Promise<VersionAnswer> {
    return this.#get('/version', options);
  }

  /** A hash of its store, equal on every node at one revision. */
  hash(options: CallOptions & { readonly revision?: number } = {}): Promise<HashAnswer> {
    return this.#get(query('/hash', { revision: options.revision }), options);
  }

  #get<T>(path: string, options: CallOptions): Promise<T> {
    return this.#caller.callOne(this.url, { method: 'GET', path }, options, json<T>);
  }
}

/** A snapshot file of the whole store, as it comes. */
export function backup(caller: Caller, options: CallOptions): Promise<ReadableStream<Uint8Array>> {
  const read = stream('application/octet-stream');
  return caller.call({ method: 'GET', path: '/backup' }, options, read);
}

function memberRequest<M extends ClientRequest['method']>(method: M, id: string, action = '') {
  return { method, path: `/cluster/members/${encodeURIComponent(id)}${action}` };
}
