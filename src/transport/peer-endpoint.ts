/**
 * The receiving half of the peer protocol, free of any web framework: the `/raft/*` routes hand it
 * the raw request and send back what it says. Throws ApiError for anything it refuses.
 */
export interface PeerEndpoint {
  handle(request: PeerHttpRequest): Promise<PeerHttpResponse>;
}

export interface PeerHttpRequest {
  /** `/raft/append`, … without the query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface PeerHttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
