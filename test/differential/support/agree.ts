import { UNTOLD } from './answer.ts';

/** Whether two values are the same, but for what the second one does not tell. */
export function agree(expected: unknown, actual: unknown): boolean {
  if (actual === UNTOLD || expected === actual) return true;
  if (typeof expected !== 'object' || typeof actual !== 'object') return false;
  if (expected === null || actual === null) return false;
  if (Array.isArray(expected) !== Array.isArray(actual)) return false;
  const [mine, theirs] = [Object.entries(expected), new Map(Object.entries(actual))];
  return (
    mine.length === theirs.size &&
    mine.every(([name, value]) => theirs.has(name) && agree(value, theirs.get(name)))
  );
}
