/**
 * The processes that a command has started. A signal to a shell does not reach what runs in it:
 * whoever stops a script means its commands too.
 *
 * They are found in /proc; where there is none, only the command itself is known.
 */

import { readdirSync, readFileSync } from 'node:fs';
import type { Signal } from './cluster/process.ts';

/** A command with all that it starts, as far as it was seen. */
export class ProcessTree {
  readonly #known = new Set<number>();

  constructor(pid: number) {
    this.#known.add(pid);
  }

  /** Looks for what was started since the last look. Those whose parent ended stay known. */
  look(): void {
    const parents = parentsOfAll();
    if (parents.size === 0) return;
    for (let before = -1; before !== this.#known.size; ) {
      before = this.#known.size;
      for (const [pid, parent] of parents) if (this.#known.has(parent)) this.#known.add(pid);
    }
    for (const pid of [...this.#known].filter((one) => !parents.has(one))) this.#known.delete(pid);
  }

  /** The command itself has ended; its number may soon be another's. */
  ended(pid: number): void {
    this.#known.delete(pid);
  }

  /** Whether nothing of it is left. */
  get isGone(): boolean {
    this.look();
    return this.#known.size === 0;
  }

  /** Sends a signal to all of it. */
  kill(signal: Signal): void {
    this.look();
    if (this.#known.size === 0) return;
    const command = `kill -s ${signal.slice('SIG'.length)} ${[...this.#known].join(' ')}`;
    // Some may have ended in the meantime, of which the shell would complain.
    Bun.spawnSync(['sh', '-c', command], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
  }
}

/** The parent of each process that runs; empty where the system does not tell. */
function parentsOfAll(): ReadonlyMap<number, number> {
  const parents = new Map<number, number>();
  for (const name of namesIn('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentIn(name);
    if (parent !== null) parents.set(Number(name), parent);
  }
  return parents;
}

/** From `<pid> (<any text>) <state> <parent> …`; null when it has ended. */
function parentIn(pid: string): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? null : Number(parent);
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
