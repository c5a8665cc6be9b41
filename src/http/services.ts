import type { Logger } from '../lib/logger.ts';
import type { NodeApi } from '../node/api.ts';
import type { PeerEndpoint } from '../transport/peer-endpoint.ts';
import type { HttpConfig } from './config.ts';
import type { IdleTimer, RequestContexts } from './context.ts';
import type { Slices } from './answer/slices.ts';
import type { UnderWay } from './request/under-way.ts';

/** What the routes work with. */
export interface Services {
  readonly node: NodeApi;
  readonly peers: PeerEndpoint;
  readonly config: HttpConfig;
  readonly contexts: RequestContexts;
  /** Named requests that `once` is busy with. */
  readonly underWay: UnderWay;
  readonly slices: Slices;
  readonly logger: Logger;
  /** Fires when the server begins to stop: streams end. */
  readonly shutdown: AbortSignal;
}

/** A request and the answer that is made to it: what is used of an Elysia context. */
export interface Exchange {
  readonly request: Request;
  readonly set: Reply;
  /** Null where nobody listens, as in tests. */
  readonly server: IdleTimer | null;
}

/** The part of an Elysia context that says how the answer looks. */
export interface Reply {
  status?: number | string;
  headers: Record<string, string | number>;
}
