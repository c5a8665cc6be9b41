/**
 * MORE CONNECTIONS THAN FILES: a node that may have 64 files open, and 200 who connect and say
 * nothing. Who is connected is served, the log and its snapshots go on, and once they are gone, or
 * were silent for too long, others get in.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { until } from '../support/poll.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { request } from './support/row.ts';
import { Siege } from './support/siege.ts';

const FILES = 64;
const OTHERS = 200;
const WRITES = 40;

let siege: Siege;

beforeAll(async () => {
  siege = await Siege.begin({
    size: 1,
    args: ['--snapshot-wal-bytes', '64KiB'],
    wrapper: () => ['bash', '-c', `ulimit -n ${FILES}; exec "$@"`, '--'],
  });
});

afterAll(async () => {
  process.stdout.write(`descriptors: ${siege.summary()}\n`);
  await siege[Symbol.asyncDispose]();
});

function descriptors(): number {
  return readdirSync(`/proc/${siege.node.pid}/fd`).length;
}

/** Writes over one connection, one after the other. */
async function write(socket: RawSocket, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const before = socket.received.length;
    socket.write(request('PUT', `/kv/write-${n}`, { body: 'x'.repeat(5000) }));
    await socket.until((received) => received.indexOf('}', before) !== -1);
    expect(socket.received.slice(before, before + 12)).toMatch(/^HTTP\/1.1 20[01]$/);
  }
}

test('more connections than it may have files', async () => {
  const { node } = siege;
  const socket = await RawSocket.open(node.port);
  await write(socket, 1);
  const { snapshotIndex } = await node.status();
  const before = descriptors();
  await siege.withstand(
    async () => {
      const others = await Promise.all(
        Array.from({ length: OTHERS }, () => RawSocket.open(node.port)),
      );
      await until('all files are taken', () => descriptors() >= FILES);
      await write(socket, WRITES);
      expect(descriptors()).toBe(FILES);
      for (const other of others) other.close();
    },
    { revisions: WRITES },
  );
  // It has begun segments and written snapshots meanwhile.
  expect((await node.status()).snapshotIndex).toBeGreaterThan(snapshotIndex);
  await until('the files are closed', () => descriptors() <= before);
  socket.close();
});

test('those that stay silent make room by themselves', async () => {
  const { node } = siege;
  await siege.withstand(async () => {
    const others = await Promise.all(
      Array.from({ length: FILES }, () => RawSocket.open(node.port)),
    );
    await until('all files are taken', () => descriptors() >= FILES);
    const late = await RawSocket.open(node.port);
    late.write(request('GET', '/livez'));
    expect((await late.answer()).status).toBe(200);
    late.close();
    for (const other of others) other.close();
  });
});
