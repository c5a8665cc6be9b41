import { type Bytes, percentEncode } from './bytes.ts';

/** Several keys: all with a prefix, or those from `start` up to, not including, `end`. */
export type Range =
  | { readonly prefix: Bytes }
  | { readonly start: Bytes; readonly end?: Bytes }
  | { readonly start?: Bytes; readonly end: Bytes };

/** One key, or several. */
export type KeyOrRange = { readonly key: Bytes } | Range;

/** Which of several pairs, and in which order. */
export interface Ordering {
  readonly order?: 'asc' | 'desc';
  readonly sort?: 'key' | 'version' | 'create' | 'mod' | 'value';
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
}

/** Builds a query; parameters that are undefined or false are left out. */
export function query(
  path: string,
  parameters: Readonly<Record<string, Bytes | number | boolean | undefined>>,
): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === false) continue;
    if (value === true) parts.push(name);
    else parts.push(`${name}=${percentEncode(typeof value === 'number' ? String(value) : value)}`);
  }
  if (parts.length === 0) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${parts.join('&')}`;
}

/** The parameters that name keys. */
export function rangeParameters(range: KeyOrRange): Readonly<Record<string, Bytes | undefined>> {
  if ('key' in range) return { key: range.key };
  if ('prefix' in range) return { prefix: range.prefix };
  return { start: range.start, end: range.end };
}

/** The path of something with a name of bytes: `/kv/a%2Fb`. */
export function pathOf(resource: string, name: Bytes): string {
  return `${resource}/${percentEncode(name)}`;
}

/** The path of a key; one of dots alone would be resolved away, so that goes in the query. */
export function keyPath(resource: '/kv' | '/history', key: Bytes): string {
  const encoded = percentEncode(key);
  return /^\.{0,2}$/.test(encoded) ? `${resource}?key=${encoded}` : `${resource}/${encoded}`;
}
