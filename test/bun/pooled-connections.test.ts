import { expect, test } from 'bun:test';
import type { Server } from 'bun';

/** Tells each client the port it comes from, which names its connection. */
const tellPort = (request: Request, server: Server<undefined>) =>
  new Response(String(server.requestIP(request)?.port));

test('keepalive: false takes a fresh connection, and leaves the pool as it is', async () => {
  await using server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: tellPort });
  const ask = async (keepalive: boolean) => {
    const response = await fetch(server.url, { method: 'POST', body: 'x', keepalive });
    return response.text();
  };
  const pooled = await ask(true);
  expect(await ask(true)).toBe(pooled);
  expect(await ask(false)).not.toBe(pooled);
  expect(await ask(true)).toBe(pooled);
});
