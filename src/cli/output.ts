/** How answers look to people. */

import type { KeyFields, ValueFields } from '../client/bytes.ts';

/** Columns of equal width. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = new Map<number, number>();
  for (const row of rows) {
    row.forEach((cell, i) => widths.set(i, Math.max(widths.get(i) ?? 0, cell.length)));
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths.get(i) ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A JSON value as a cell: texts as they are, null as a dash. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A key in one line. */
export function shownKey({ key, keyEncoding }: KeyFields): string {
  return keyEncoding === 'base64' ? `base64:${key}` : inOneLine(key);
}

/** Of a longer value only the beginning is shown among others. */
const LONGEST_VALUE = 400;

/** A value in one line; of a long one the beginning. */
export function shownValue({ value, encoding }: ValueFields): string {
  const shown = value.length > LONGEST_VALUE ? value.slice(0, LONGEST_VALUE) : value;
  const rest = value.length > LONGEST_VALUE ? `… (${value.length} characters)` : '';
  return (encoding === 'base64' ? `base64:${shown}` : inOneLine(shown)) + rest;
}

/** Text that is empty, has control characters or ends in blanks is quoted as in JSON. */
function inOneLine(text: string): string {
  return text === '' || /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|^["\s]|\s$/.test(text)
    ? JSON.stringify(text)
    : text;
}
