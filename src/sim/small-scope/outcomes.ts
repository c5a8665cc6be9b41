/**
 * ALL THAT A CRASH MAY LEAVE of a disk: every mode with every choice in it, each different result
 * once.
 */
import type { MemoryDisk } from '../../storage/memory-disk.ts';
import type { CrashMode } from '../../storage/memory-file.ts';
import { ChoicePath } from './choice-path.ts';

export interface DiskOutcome {
  readonly mode: CrashMode;
  readonly choices: readonly number[];
}

/** `mixed` comes last: it adds what the others cannot leave, where several files are written. */
const MODES: readonly CrashMode[] = ['kill', 'drop', 'keep', 'prefix', 'sectors', 'zeros', 'mixed'];
/** Ways through one mode that are looked at; beyond them they are combinations of seen ones. */
const WAYS_MAX = 64;

/** @param dead a disk whose process has ended, or is about to. */
export function outcomesOf(dead: MemoryDisk): readonly DiskOutcome[] {
  const seen = new Set<string>();
  const outcomes: DiskOutcome[] = [];
  for (const mode of MODES) {
    let way: readonly number[] | null = [];
    for (let ways = 0; way !== null && ways < WAYS_MAX; ways += 1) {
      const path: ChoicePath = new ChoicePath(way);
      const left = dead.crash(path, mode, {}).describe();
      if (!seen.has(left)) outcomes.push({ mode, choices: path.taken });
      seen.add(left);
      way = path.next;
    }
  }
  return outcomes;
}
