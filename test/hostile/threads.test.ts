/** What tells a busy machine from an event loop that stands still can tell them apart. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { RawSocket } from '../support/raw-socket.ts';
import { request } from './support/row.ts';
import { Threads } from './support/threads.ts';

const STALL_MS = 200;
const SERVER = `
  const server = Bun.serve({ port: 0, fetch: (request) => {
    const begun = process.cpuUsage().user;
    while (request.url.endsWith('/stall') && process.cpuUsage().user - begun < ${STALL_MS * 1000});
    return new Response('x');
  } });
  process.stdout.write(String(server.port));
`;

let child: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;
let port: number;

beforeAll(async () => {
  child = Bun.spawn([process.execPath, '-e', SERVER], { stdout: 'pipe' });
  const { value } = await child.stdout.getReader().read();
  port = Number(Buffer.from(value ?? []).toString());
});

afterAll(() => child.kill('SIGKILL'));

/** The time of a request, and what of it was the server's own. */
async function measured(path: string): Promise<{ readonly ms: number; readonly own: number }> {
  const threads = new Threads([child.pid]);
  const socket = await RawSocket.open(port);
  const before = threads.read();
  const begun = performance.now();
  socket.write(request('GET', path));
  await socket.answer();
  const ms = performance.now() - begun;
  socket.close();
  return { ms, own: threads.ownOf(ms, before, threads.read()) };
}

test('a loop that works for long', async () => {
  const { own } = await measured('/stall');
  expect(own).toBeGreaterThan(STALL_MS / 2);
});

test('a process that is given no core', async () => {
  await measured('/');
  child.kill('SIGSTOP');
  setTimeout(() => child.kill('SIGCONT'), STALL_MS);
  const { ms, own } = await measured('/');
  expect(ms).toBeGreaterThanOrEqual(STALL_MS * 0.9);
  expect(own).toBeLessThan(STALL_MS / 4);
});
