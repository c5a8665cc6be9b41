import { dlopen, FFIType } from 'bun:ffi';

/**
 * The two system calls that neither Bun nor node:fs offers. Both are quick and do not wait.
 */
interface Libc {
  flock(fd: number, operation: number): number;
  /** Absent where the system has no such call. */
  readonly fallocate: ((fd: number, mode: number, offset: number, length: number) => number) | null;
}

const FLOCK = { flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } } as const;
const FALLOCATE = {
  fallocate: {
    args: [FFIType.i32, FFIType.i32, FFIType.i64, FFIType.i64],
    returns: FFIType.i32,
  },
} as const;

/** glibc; musl on two architectures; macOS. */
const NAMES = ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1', 'libSystem.B.dylib'];

let loaded: Libc | null = null;

/** @throws Error when the system's C library is none of the known ones. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  for (const name of NAMES) {
    const locking = attempt(() => dlopen(name, FLOCK).symbols);
    if (locking === null) continue;
    const allocating = attempt(() => dlopen(name, FALLOCATE).symbols);
    return { flock: locking.flock, fallocate: allocating?.fallocate ?? null };
  }
  throw new Error(`no C library that this program knows: ${NAMES.join(', ')}`);
}

function attempt<T>(open: () => T): T | null {
  try {
    return open();
  } catch {
    return null;
  }
}
