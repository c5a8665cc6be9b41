import { expect, test } from 'bun:test';
import { freePorts } from '../node-process.ts';
import { Prng } from '../../../src/lib/prng.ts';
import { FAIR, TcpProxy, type Weather } from './tcp-proxy.ts';

/** A server behind a proxy, and a way to ask it. */
async function behindProxy(weather: Weather) {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => new Response(await request.text()),
  });
  const [port = 0] = await freePorts(1);
  const proxy = await TcpProxy.open(port, () => server.port ?? 0, new Prng(1));
  proxy.weather = weather;
  const ask = async (body: string, patienceMs = 5000): Promise<string> => {
    const signal = AbortSignal.timeout(patienceMs);
    const url = `http://127.0.0.1:${port}/`;
    const response = await fetch(url, { method: 'POST', body, signal, keepalive: false });
    return await response.text();
  };
  const end = async (): Promise<void> => {
    proxy[Symbol.dispose]();
    await server.stop(true);
  };
  return { proxy, ask, [Symbol.asyncDispose]: end };
}

test('in fair weather everything passes, and nothing is counted', async () => {
  await using there = await behindProxy(FAIR);
  const large = 'x'.repeat(300_000);
  expect(await there.ask(large)).toBe(large);
  expect(there.proxy.disturbed).toBe(0);
});

test('delayed pieces come late, and in order', async () => {
  const prng = new Prng(2);
  await using there = await behindProxy({ ...FAIR, delayMs: () => 10 + prng.between(0, 20) });
  const began = performance.now();
  const numbers = Array.from({ length: 50_000 }, (_, i) => i).join();
  expect(await there.ask(numbers)).toBe(numbers);
  expect(performance.now() - began).toBeGreaterThanOrEqual(19);
  expect(there.proxy.disturbed).toBeGreaterThan(1);
});

test('a connection is reset', async () => {
  await using there = await behindProxy({ ...FAIR, resets: 1 });
  const answer = there.ask('x');
  await expect(answer).rejects.toThrow();
});

test('out of a black hole comes nothing, and its connections break as it ends', async () => {
  await using there = await behindProxy({ ...FAIR, isBlackHole: true });
  await expect(there.ask('x', 100)).rejects.toThrow('timed out');
  const waiting = there.ask('x').catch(() => 'broken');
  await expect(there.ask('y', 100)).rejects.toThrow('timed out');
  there.proxy.weather = FAIR;
  expect(await waiting).toBe('broken');
  expect(await there.ask('again')).toBe('again');
});
