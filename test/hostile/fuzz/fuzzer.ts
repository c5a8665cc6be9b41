/** Senseless input without end, from a seed: the same seed gives the same cases. */
import { Prng } from '../../../src/lib/prng.ts';

export interface Fuzzer {
  readonly name: string;
  /** Makes what all cases need. */
  start(): Promise<Cases> | Cases;
}

export interface Cases {
  /** One case. @throws when something went wrong that must not, whatever the input is */
  one(prng: Prng): Promise<void> | void;
  /** What came of the cases; a run in which something never came has not looked at it. */
  readonly seen: Map<string, number>;
  end?(): Promise<void>;
}

export interface FuzzRun {
  readonly cases: number;
  readonly seen: ReadonlyMap<string, number>;
}

const PRIME = 1_000_003;

/** Runs cases until the time is over. @throws Error with the command that repeats the failure */
export async function fuzz(fuzzer: Fuzzer, seed: number, ms: number): Promise<FuzzRun> {
  const cases = await fuzzer.start();
  const end = performance.now() + ms;
  let count = 0;
  try {
    for (; performance.now() < end; count += 1) {
      await cases.one(new Prng(seed * PRIME + count));
      // Connections and timers have their turn, too.
      if (count % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    const again = `bun run test:fuzz --only ${fuzzer.name} --seed ${seed} --seconds ${ms / 1000}`;
    throw new Error(`${fuzzer.name}: case ${count} of seed ${seed}\n${again}`, { cause: error });
  } finally {
    await cases.end?.();
  }
  return { cases: count, seen: cases.seen };
}

/** Counts what was seen. */
export function note(seen: Map<string, number>, what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}
