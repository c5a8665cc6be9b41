/** CONNECTIONS THAT COST NOTHING to who opens them: silent, slow, many, and gone again. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { until } from '../support/poll.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { memoryOf } from '../support/watch-crowd.ts';
import { head } from './support/row.ts';
import { Siege } from './support/siege.ts';

const MIB = 2 ** 20;
/** Ten seconds in which nothing moves end a connection; Bun looks every four seconds. */
const PATIENCE_MS = 30_000;
const DRIP_MS = 500;
const MEMORY_MAX = 100 * MIB;

let siege: Siege;

beforeAll(async () => {
  siege = await Siege.begin({ size: 1 });
});

afterAll(async () => {
  process.stdout.write(`silence: ${siege.summary()}\n`);
  await siege[Symbol.asyncDispose]();
});

const CHUNKED = 'Transfer-Encoding: chunked';

/** What is said at first, and then again and again. */
const KINDS: readonly (readonly [what: string, first: string, drip: string])[] = [
  ['nothing', '', ''],
  ['half a header', 'GET /status HTTP/1.1\r\nHost: loc', ''],
  ['a header that drips', 'GET /status HTTP/1.1\r\nHost: localhost\r\nX: ', 'a'],
  ['half a body', `${head('PUT', '/kv/a', 'Content-Length: 1000')}abc`, ''],
  ['a body that drips', head('PUT', '/kv/a', 'Content-Length: 1000'), 'a'],
  ['chunks that drip', head('PUT', '/kv/a', CHUNKED), '1\r\na\r\n'],
  ['half a chunk', `${head('PUT', '/kv/a', CHUNKED)}ff\r\nabc`, ''],
  ['a WebSocket that is not finished', `${head('GET', '/watch?key=a').slice(0, -2)}Upgrade: w`, ''],
];

function descriptors(): number {
  return readdirSync(`/proc/${siege.node.pid}/fd`).length;
}

test('500 connections that say nothing, or never end', async () => {
  const { port, pid } = siege.node;
  const before = { files: descriptors(), bytes: memoryOf(pid) };
  await siege.withstand(async () => {
    const sockets = await Promise.all(Array.from({ length: 500 }, () => RawSocket.open(port)));
    for (const [i, socket] of sockets.entries()) socket.write(KINDS[i % KINDS.length]?.[1] ?? '');
    const drip = setInterval(() => {
      for (const [i, socket] of sockets.entries()) {
        const more = KINDS[i % KINDS.length]?.[2] ?? '';
        if (more !== '') socket.write(more);
      }
    }, DRIP_MS);
    await until('all are taken', () => descriptors() >= before.files + 500);
    const ended = sockets.map((socket) => socket.untilClosed());
    const late = setTimeout(() => {
      for (const socket of sockets) socket.close();
    }, PATIENCE_MS);
    const begun = performance.now();
    await Promise.all(ended);
    clearTimeout(late);
    clearInterval(drip);
    expect(performance.now() - begun).toBeLessThan(PATIENCE_MS);
    // Those that had begun a body were told; the others had asked for nothing.
    const told = KINDS.map(([what], i) => [what, statusOf(sockets[i])]);
    expect(told).toEqual(KINDS.map(([what]) => [what, /body|chunk/.test(what) ? '408' : '']));
  });
  expect(memoryOf(pid) - before.bytes).toBeLessThan(MEMORY_MAX);
  await until('the files are closed', () => descriptors() <= before.files);
});

test('connections that come and go', async () => {
  const { port, pid } = siege.node;
  const before = { files: descriptors(), bytes: memoryOf(pid) };
  await siege.withstand(async () => {
    for (let round = 0; round < 20; round += 1) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => RawSocket.open(port)));
      for (const [i, socket] of sockets.entries()) {
        if (i % 2 === 0) socket.write(KINDS[(i >> 1) % KINDS.length]?.[1] ?? '');
        if (i % 3 === 0) socket.reset();
        else socket.close();
      }
    }
  });
  expect(memoryOf(pid) - before.bytes).toBeLessThan(MEMORY_MAX);
  await until('the files are closed', () => descriptors() <= before.files);
});

function statusOf(socket: RawSocket | undefined): string {
  return socket?.received.slice(9, 12) ?? '';
}
