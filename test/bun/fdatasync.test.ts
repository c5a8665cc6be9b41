import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'abcd-fdatasync-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/**
 * Runs in a process of its own, and has the kernel answer EIO to fdatasync from then on, on every
 * thread, by a seccomp filter. So whoever sees EIO has made the system call, and passes on what the
 * kernel says.
 */
const SCRIPT = `
  const { dlopen, FFIType, ptr } = require('bun:ffi');
  const fs = require('node:fs');
  const [fdatasync, seccomp] = { x64: [75, 317], arm64: [83, 277] }[process.arch];
  const { prctl, syscall } = dlopen('libc.so.6', {
    prctl: { args: Array(5).fill(FFIType.u64), returns: FFIType.i32 },
    syscall: { args: [FFIType.i64, FFIType.u64, FFIType.u64, FFIType.ptr], returns: FFIType.i64 },
  }).symbols;
  const program = new DataView(new ArrayBuffer(4 * 8));
  const instruction = (at, code, ifTrue, ifFalse, k) => {
    program.setUint16(at * 8, code, true);
    program.setUint8(at * 8 + 2, ifTrue);
    program.setUint8(at * 8 + 3, ifFalse);
    program.setUint32(at * 8 + 4, k, true);
  };
  instruction(0, 0x20, 0, 0, 0); // load the number of the system call
  instruction(1, 0x15, 0, 1, fdatasync); // unless it is fdatasync, skip one
  instruction(2, 0x06, 0, 0, 0x00050005); // answer errno 5, EIO
  instruction(3, 0x06, 0, 0, 0x7fff0000); // allow
  const filter = new BigUint64Array([4n, BigInt(ptr(program.buffer))]);
  const NO_NEW_PRIVILEGES = 38, SET_FILTER = 1, ALL_THREADS = 1;
  const installed =
    prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) === 0 &&
    Number(syscall(seccomp, SET_FILTER, ALL_THREADS, ptr(filter))) === 0;

  const fd = fs.openSync(process.argv[1], 'w');
  fs.writeSync(fd, 'x');
  const codes = [String(installed)];
  try {
    fs.fdatasyncSync(fd);
    codes.push('none');
  } catch (error) {
    codes.push(error.code);
  }
  fs.fdatasync(fd, async (error) => {
    codes.push(error?.code ?? 'none');
    const file = await fs.promises.open(process.argv[1], 'r+');
    codes.push(await file.datasync().then(() => 'none', (failure) => failure.code));
    process.stdout.write(codes.join(' '));
  });
`;

test('fdatasync reaches the kernel, and what the kernel says comes back', async () => {
  const child = Bun.spawn([process.execPath, '-e', SCRIPT, join(directory, 'file')]);
  expect(await new Response(child.stdout).text()).toBe('true EIO EIO EIO');
});
