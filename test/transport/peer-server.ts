import type { PeerEndpoint } from '../../src/transport/peer-endpoint.ts';
import { ApiError } from '../../src/wire/errors.ts';

/** Serves an endpoint on a free port of loopback, as the `/raft/*` routes do. */
export function servePeer(endpoint: () => PeerEndpoint) {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      try {
        const { status, headers, body } = await endpoint().handle({
          path: new URL(request.url).pathname,
          headers: request.headers,
          body: new Uint8Array(await request.arrayBuffer()),
        });
        return new Response(body, { status, headers });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return Response.json({ code: error.code, detail: error.message }, { status: error.status });
      }
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}
