/**
 * WHOSE TIME IT WAS: how much of the time of a request was the serving processes' own, where cores
 * are shared with others. The kernel says of each thread how long it ran, and how long it stood
 * ready to run and was given no core (`/proc/<pid>/task/<tid>/schedstat`).
 *
 * Of an event loop that stands still either its thread works, or one it waits for: so what is a
 * process's own is at most what its main thread and the busiest of the others ran, and at most what
 * is left of the time without what the main threads waited for a core. (A loop that sleeps in a
 * call is not seen: where this is used, files are in memory.)
 */
import { readdirSync, readFileSync } from 'node:fs';

const NANOSECONDS_PER_MS = 1e6;

/** Of one thread, ms. */
interface Times {
  readonly pid: number;
  readonly isMain: boolean;
  readonly ran: number;
  readonly waited: number;
}

export type Sample = ReadonlyMap<string, Times>;

export class Threads {
  readonly #serving: readonly number[];

  constructor(serving: readonly number[]) {
    this.#serving = serving;
  }

  read(): Sample {
    const threads = this.#serving.flatMap((pid) => {
      return listed(`/proc/${pid}/task`).map((tid) => timesOf(pid, tid));
    });
    return new Map([...threads, timesOf(process.pid, String(process.pid))]);
  }

  /** The part of `ms` between two samples that is the serving processes' own. */
  ownOf(ms: number, before: Sample, after: Sample): number {
    let worked = 0;
    let waited = 0;
    const busiest = new Map<number, number>();
    for (const [tid, times] of after) {
      const earlier = before.get(tid) ?? times;
      const ran = times.ran - earlier.ran;
      if (times.isMain) waited += times.waited - earlier.waited;
      if (!this.#serving.includes(times.pid)) continue;
      if (times.isMain) worked += ran;
      else busiest.set(times.pid, Math.max(ran, busiest.get(times.pid) ?? 0));
    }
    for (const ran of busiest.values()) worked += ran;
    return Math.max(0, Math.min(worked, ms - waited));
  }
}

function timesOf(pid: number, tid: string): readonly [string, Times] {
  const [ran = 0, waited = 0] = numbersIn(`/proc/${pid}/task/${tid}/schedstat`);
  const times = { ran: ran / NANOSECONDS_PER_MS, waited: waited / NANOSECONDS_PER_MS };
  return [tid, { ...times, pid, isMain: tid === String(pid) }];
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** None of a thread that has ended. */
function numbersIn(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').split(' ').map(Number);
  } catch {
    return [];
  }
}
