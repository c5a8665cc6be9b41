/**
 * WHO DECIDES what a crash leaves of what was not durable: chance (a Prng is one), or somebody who
 * goes through all that may be left.
 */
export interface CrashChoices {
  /** Whether something happened that happens with this probability. */
  chance(probability: number): boolean;
  /**
   * An integer from `min` up to, not including, `end`.
   *
   * @param notable those that matter most, where not all of them can be tried.
   */
  between(min: number, end: number, notable?: () => readonly number[]): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
}

const NEWLINE = 0x0a;

/**
 * Where a file of lines may be cut so that a reader sees another case: before and after everything,
 * within each line, and at its end, one byte short of it, and one byte beyond.
 */
export function notableCuts(bytes: Uint8Array): readonly number[] {
  const cuts = new Set([0, bytes.length]);
  let start = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, start)) {
    for (const cut of [start + 1, (start + at) >> 1, at, at + 1]) cuts.add(cut);
    start = at + 1;
  }
  if (start < bytes.length) cuts.add((start + bytes.length) >> 1);
  return [...cuts].filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
}
