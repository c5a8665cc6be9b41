import type { PeerFetch } from '../../src/transport/peer-client.ts';
import type {
  PeerEndpoint,
  PeerHttpRequest,
  PeerHttpResponse,
} from '../../src/transport/peer-endpoint.ts';
import { ApiError } from '../../src/wire/errors.ts';

/** A `fetch` that goes straight to an endpoint and keeps what passes. */
export class Wiretap {
  readonly requests: PeerHttpRequest[] = [];
  /** Resolves when the first answer has passed. */
  readonly answered = Promise.withResolvers<undefined>();
  readonly inits: BunFetchRequestInit[] = [];
  readonly #endpoint: () => PeerEndpoint;
  #hold = false;
  /** Changes an answer on its way. */
  tamper: (answer: PeerHttpResponse) => PeerHttpResponse = (answer) => answer;

  constructor(endpoint: () => PeerEndpoint) {
    this.#endpoint = endpoint;
  }

  readonly fetch: PeerFetch = async (url, init) => {
    const body = new Uint8Array(await new Response(init.body ?? null).arrayBuffer());
    const headers = new Headers(init.headers);
    const request = { path: new URL(url).pathname, headers, body };
    this.requests.push(request);
    this.inits.push(init);
    if (this.#hold) {
      this.#hold = false;
      throw new Error('held up');
    }
    try {
      const {
        status,
        headers: answered,
        body: text,
      } = this.tamper(await this.#endpoint().handle(request));
      this.answered.resolve(undefined);
      return new Response(text, { status, headers: answered });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return Response.json({ code: error.code }, { status: error.status });
    }
  };

  /** The next request is lost on the way; it can still be delivered by hand. */
  holdNext(): void {
    this.#hold = true;
  }

  /** The newest request that passed. */
  last(): PeerHttpRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error('nothing was sent');
    return request;
  }
}
