import { dlopen, FFIType, ptr } from 'bun:ffi';
import { expect, test } from 'bun:test';
import type { Socket } from 'bun';
import { systemClock } from '../../src/node/clock.ts';
import { FetchTransport } from '../../src/transport/fetch-transport.ts';
import { transportOptions } from '../transport/http-pair.ts';
import { Recorder } from '../transport/recorder.ts';
import { appendRequest, B } from '../transport/samples.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;

/**
 * A port of loopback where nobody accepts and the line of those who wait is full: Linux then drops
 * every further request to connect, as a firewall that drops packets does.
 */
async function blackHole() {
  const { symbols } = dlopen('libc.so.6', {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    getsockname: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
    close: { args: [FFIType.i32], returns: FFIType.i32 },
  });
  const fd = symbols.socket(AF_INET, SOCK_STREAM, 0);
  const address = Uint8Array.of(AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  expect(symbols.bind(fd, ptr(address), address.length)).toBe(0);
  expect(symbols.listen(fd, 0)).toBe(0);
  const length = Uint32Array.of(address.length);
  expect(symbols.getsockname(fd, ptr(address), ptr(length))).toBe(0);
  const port = ((address[2] ?? 0) << 8) | (address[3] ?? 0);
  // A line of length 0 has room for one.
  const waiting: Socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: { data: () => undefined },
  });
  return {
    port,
    [Symbol.dispose]: () => {
      waiting.terminate();
      symbols.close(fd);
    },
  };
}

test('a request ends in time while it connects into a black hole', async () => {
  using hole = await blackHole();
  const node = new Recorder();
  const timeouts = { messageMs: 200, appendMs: 200, snapshotMs: 200 };
  const transport = new FetchTransport(transportOptions({ clock: systemClock, timeouts }), node);
  transport.setPeers(new Map([[B, `http://127.0.0.1:${hole.port}`]]));
  const begun = performance.now();
  transport.send(appendRequest(1));
  await node.settled(1);
  expect(node.unreachable.all.length).toBe(1);
  // Not before: it did connect into a black hole, and was not refused.
  expect(performance.now() - begun).toBeGreaterThan(190);
  await transport.close();
});
