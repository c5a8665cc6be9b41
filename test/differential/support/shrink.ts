import type { Planned } from './operation.ts';

/**
 * Leaves out as much of a sequence as it can while it still fails: halves first, then less, down to
 * single operations.
 *
 * @param fails whether a sequence fails; it is asked no longer than `patienceMs`
 */
export async function shrink(
  sequence: readonly Planned[],
  fails: (sequence: readonly Planned[]) => Promise<boolean>,
  patienceMs: number,
): Promise<readonly Planned[]> {
  const deadline = performance.now() + patienceMs;
  let left = sequence;
  let size = Math.ceil(left.length / 2);
  while (size >= 1) {
    let isShorter = false;
    // From the end, so that what is left before it stays where it is.
    for (let end = left.length; end > 0; end -= size) {
      if (performance.now() > deadline) return left;
      const start = Math.max(0, end - size);
      const shorter = [...left.slice(0, start), ...left.slice(end)];
      if (shorter.length < left.length && (await fails(shorter))) {
        left = shorter;
        isShorter = true;
      }
    }
    if (size === 1 && !isShorter) break;
    if (size > 1) size = Math.ceil(size / 2);
  }
  return left;
}
