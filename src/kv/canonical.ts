import type { Hasher } from './hash.ts';

/**
 * Hashes a value such as JSON holds: strings, numbers from 0 to 2^53 - 1, booleans, arrays, and
 * objects whatever the order of their fields. A field that is absent, null or false is the same as
 * none, as it is in commands and their results.
 */
export function hashValue(hasher: Hasher, value: unknown): void {
  if (typeof value === 'string') hasher.number(1).text(value);
  else if (typeof value === 'number') hasher.number(2).number(value);
  else if (Array.isArray(value)) hashList(hasher, value);
  else if (typeof value === 'object' && value !== null) hashFields(hasher, value);
  else hasher.number(value === true ? 5 : 6);
}

function hashList(hasher: Hasher, list: readonly unknown[]): void {
  hasher.number(3).number(list.length);
  for (const item of list) hashValue(hasher, item);
}

function hashFields(hasher: Hasher, fields: object): void {
  hasher.number(4);
  const entries = Object.entries(fields) as [string, unknown][];
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of entries) {
    if (value === undefined || value === null || value === false) continue;
    hasher.text(name);
    hashValue(hasher, value);
  }
  // No field has such a name: it ends the list.
  hasher.text('.');
}
