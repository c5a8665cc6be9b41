import { readFileSync } from 'node:fs';
import { until } from './poll.ts';

/** What strace may take to let go of a process; when it is killed, the kernel lets go. */
const LET_GO_MS = 1000;

/** Runs a node with every fdatasync delayed; the node stays the direct child (`-D`). */
export function slowSyncs(ms: number): readonly string[] {
  const delay = `inject=fdatasync:delay_enter=${ms * 1000}`;
  return traced('/dev/null', '-e', 'trace=fdatasync', '-e', delay);
}

/** Runs a node with every write to one file delayed. */
export function slowWrites(path: string, ms: number): readonly string[] {
  const delay = `inject=write,pwrite64:delay_enter=${ms * 1000}`;
  return traced('/dev/null', '-P', path, '-e', 'trace=write,pwrite64', '-e', delay);
}

/** Runs a node with what it does to files and sockets written down, paths and all. */
export function recorded(file: string): readonly string[] {
  const calls = 'trace=write,writev,pwrite64,fdatasync,fsync,sendto,sendmsg';
  return traced(file, '-y', '-s', '1000', '-e', calls);
}

/** Runs a node with all that it does to files written down, content, times and all. */
export function recordedFiles(file: string): readonly string[] {
  const calls =
    'openat,open,creat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,' +
    'fsync,fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,' +
    'rmdir,link,linkat,copy_file_range,sendfile';
  return traced(file, '-ttt', '-T', '-y', '-s', `${2 ** 22}`, '-e', `trace=${calls}`);
}

/**
 * Runs a node that is ended by `kill -9` as one of its threads begins its n-th fdatasync. Without
 * the kernel's filter, with which the signal does not come.
 */
export function killedAtSync(n: number): readonly string[] {
  const inject = `inject=fdatasync:signal=SIGKILL:when=${n}`;
  return [
    'strace',
    '-D',
    '-f',
    '-qq',
    '-e',
    'trace=fdatasync',
    '-e',
    inject,
    '-o',
    '/dev/null',
    '--',
  ];
}

/** Runs a node of which every n-th fdatasync or fsync of a thread fails with EIO. */
export function failingAtSync(n: number): readonly string[] {
  return traced(
    '/dev/null',
    '-e',
    'trace=fdatasync,fsync',
    '-e',
    `inject=fdatasync,fsync:error=EIO:when=${n}+`,
  );
}

/** The kernel's filter lets every other system call pass at full speed. */
function traced(file: string, ...options: string[]): readonly string[] {
  return ['strace', '-D', '-f', '--seccomp-bpf', '-q', ...options, '-o', file, '--'];
}

/** strace on a process that runs already, with faults in its system calls. */
export class Tracer implements AsyncDisposable {
  readonly #child: Bun.Subprocess<'ignore', 'ignore', 'pipe'>;
  readonly #file: string;
  #said = '';

  private constructor(pid: number, file: string, options: readonly string[]) {
    const command = ['strace', '-f', '-p', `${pid}`, '-o', file, ...options];
    this.#child = Bun.spawn(command, { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' });
    this.#file = file;
  }

  /** From when this resolves, every fdatasync of the process fails with EIO. */
  static failingSyncs(pid: number, file: string): Promise<Tracer> {
    const options = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO'];
    return new Tracer(pid, file, options).#attached();
  }

  /** From when this resolves, one write in so many to the file finds no room on the disk. */
  static failingWrites(pid: number, path: string, every: number): Promise<Tracer> {
    const when = `when=${every}+${every}`;
    const inject = `inject=write,pwrite64:error=ENOSPC:${when}`;
    const options = ['-P', path, '-e', 'trace=write,pwrite64', '-e', inject];
    return new Tracer(pid, '/dev/null', options).#attached();
  }

  /** From when this resolves, every fdatasync of the process takes so much longer. */
  static slowSyncs(pid: number, ms: number): Promise<Tracer> {
    const options = ['-e', 'trace=fdatasync', '-e', `inject=fdatasync:delay_enter=${ms * 1000}`];
    return new Tracer(pid, '/dev/null', options).#attached();
  }

  /** What it has seen; complete once the process is gone. */
  async seen(): Promise<readonly string[]> {
    await this.#child.exited;
    return readFileSync(this.#file, 'utf8').split('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    // Where its process was killed just before, strace waits for ever, and neither ends.
    await Promise.race([this.#child.exited, Bun.sleep(LET_GO_MS)]);
    this.#child.kill('SIGKILL');
    await this.#child.exited;
  }

  async #attached(): Promise<this> {
    void this.#listen();
    await until('strace is attached', () => {
      // The process may have met its fault, and both have ended, before anyone looks.
      if (this.#said.includes(' attached')) return true;
      if (this.#child.exitCode !== null) throw new Error(`strace ended:\n${this.#said}`);
      return false;
    });
    return this;
  }

  async #listen(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) this.#said += decoder.decode(chunk);
  }
}
