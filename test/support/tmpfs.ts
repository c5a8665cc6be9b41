import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A small disk of its own, in memory, that can be filled up. Mounting needs root. */
export class Tmpfs implements Disposable {
  readonly path: string;

  constructor(bytes: number) {
    this.path = mkdtempSync(join(tmpdir(), 'abcd-tmpfs-'));
    run('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'abcd-test', this.path);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Takes up room until only so much is free. */
  fillUpTo(freeBytes: number): void {
    this.empty();
    const bytes = this.freeBytes - freeBytes;
    if (bytes > 0) writeFileSync(this.#ballast, new Uint8Array(bytes));
  }

  /** Gives the room back. */
  empty(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** Makes the disk larger, or smaller, with everything on it. */
  resize(bytes: number): void {
    run('mount', '-o', `remount,size=${bytes}`, this.path);
  }

  [Symbol.dispose](): void {
    run('umount', this.path);
    rmSync(this.path, { recursive: true });
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command, { stderr: 'pipe' });
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stderr.toString()}`);
}
