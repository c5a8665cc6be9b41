/**
 * SHRINKING a failure: the shortest beginning of the run after which it still fails in the same
 * way, and the fewest kinds of fault. Every attempt is a whole run of its own, so there is a bound
 * on their number.
 */
import { type Cut, type CutName, UNCUT } from './cut.ts';

/** The invariant that the cut run breaks, when, in ms; null when it is good. */
export type Attempt = (cut: Cut) => { readonly invariant: string; readonly atMs: number } | null;

/** Halvings: the shortest beginning is found to about a hundredth of the run. */
const HALVINGS = 7;

/**
 * The smallest cut that was found; UNCUT when no cut fails as the whole run does.
 *
 * @param whole what the whole run breaks, and when.
 * @param names what could be left out.
 */
export function shrink(
  whole: { readonly invariant: string; readonly atMs: number },
  names: readonly CutName[],
  attempt: Attempt,
): Cut {
  const fails = (cut: Cut): boolean => attempt(cut)?.invariant === whole.invariant;
  let best = shortest(Math.ceil(whole.atMs), fails);
  for (const name of names) {
    const smaller = { ...best, without: [...best.without, name] };
    if (fails(smaller)) best = smaller;
  }
  return best;
}

/** A run that goes wrong early need not go wrong later: the smallest that was seen counts. */
function shortest(failedAtMs: number, fails: (cut: Cut) => boolean): Cut {
  let best = UNCUT;
  let [good, bad] = [0, failedAtMs];
  for (let step = 0; step <= HALVINGS && good < bad; step += 1) {
    const untilMs = step === 0 ? bad : Math.floor((good + bad) / 2);
    if (fails({ untilMs, without: [] })) {
      best = { untilMs, without: [] };
      bad = untilMs;
    } else if (step === 0) {
      return UNCUT;
    } else {
      good = untilMs;
    }
  }
  return best;
}
