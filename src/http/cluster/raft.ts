import { Elysia } from 'elysia';
import { readBody } from '../request/body.ts';
import type { Services } from '../services.ts';

/** `/raft/*`: hands what peers say to the peer protocol, byte for byte. */
export function raftRoutes({ peers, config }: Services): Elysia {
  const app = new Elysia();
  app.post(
    '/raft/*',
    async ({ request, path, set }) => {
      const body = await readBody(request, config.limits.peerRequestBytes);
      const answer = await peers.handle({ path, headers: request.headers, body });
      set.status = answer.status;
      Object.assign(set.headers, answer.headers);
      return answer.body;
    },
    { parse: 'none' },
  );
  return app;
}
