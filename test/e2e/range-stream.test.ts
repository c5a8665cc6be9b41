import { expect, test } from 'bun:test';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { getRaw, put, request } from '../support/client.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const MIB = 2 ** 20;
const VALUE = 'v'.repeat(8000);
const PER_TXN = 100;
const COUNT = 10_000;

/** 80 MB of pairs. */
async function fill(node: NodeProcess): Promise<void> {
  for (let i = 0; i < COUNT; i += PER_TXN) {
    const success = Array.from({ length: PER_TXN }, (_, j) => {
      return { put: { key: `k${String(i + j).padStart(6, '0')}`, value: VALUE } };
    });
    const body = JSON.stringify({ compare: [], success, failure: [] });
    const headers = { 'content-type': 'application/json' };
    const written = await request('POST', `${node.url}/txn`, body, { headers });
    expect(written).toMatchObject({ type: 'ok' });
  }
}

function residentBytes(node: NodeProcess): number {
  const status = readFileSync(`/proc/${node.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(status)?.[1]) * 1024;
}

/** A reader that has asked for everything and takes nothing. */
async function stalled(node: NodeProcess): Promise<Socket> {
  const socket = connect(node.port, '127.0.0.1');
  socket.pause();
  await once(socket, 'connect');
  const head = 'GET /kv?prefix=k HTTP/1.1\r\nhost: localhost\r\naccept: application/x-ndjson';
  socket.write(`${head}\r\n\r\n`);
  return socket;
}

/** Reads to the end: how many lines of pairs there were, and whether it was the proper end. */
function drained(socket: Socket): Promise<{ pairs: number; isComplete: boolean }> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const finish = (): void => {
      const text = Buffer.concat(pieces).toString('latin1');
      const isComplete = text.endsWith('\r\n0\r\n\r\n');
      resolve({ pairs: text.split('"createRevision"').length - 1, isComplete });
    };
    socket.on('data', (data: Buffer) => {
      pieces.push(data);
      if (data.subarray(-7).toString('latin1') === '\r\n0\r\n\r\n') socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', finish);
    socket.resume();
  });
}

test('readers of a stream that stand still cost nothing, and read on what was', async () => {
  await using cluster = await ProcessCluster.start({ size: 1 });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  await fill(node);
  const before = residentBytes(node);
  const sockets = await Promise.all(Array.from({ length: 20 }, () => stalled(node)));
  // All of the time in which they take nothing, others are served.
  for (let i = 0; i < 300; i += 1) {
    expect(await put(node.url, `k${String(i).padStart(6, '0')}`, 'new')).toMatchObject({
      type: 'ok',
    });
    expect(await getRaw(node.url, 'k009999')).toHaveLength(VALUE.length);
  }
  const [patient, ...others] = sockets;
  if (patient === undefined) throw new Error('no reader');
  expect(await drained(patient)).toEqual({ pairs: COUNT, isComplete: true });
  expect(residentBytes(node) - before).toBeLessThan(64 * MIB);
  const [unlucky] = others;
  if (unlucky === undefined) throw new Error('no reader');
  await node.kill();
  const { pairs, isComplete } = await drained(unlucky);
  expect(isComplete).toBe(false);
  expect(pairs).toBeLessThan(COUNT);
  for (const socket of others) socket.destroy();
}, 60_000);
