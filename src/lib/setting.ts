/**
 * One thing that a user can set, and the kinds of values there are. A value is always given as
 * text (a flag, an environment variable, what a directory remembers) and read by `parse`.
 */

import { parseOrigin } from './peer-url.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from './quantities.ts';

export interface Setting<T> {
  /** @throws InvalidValue, whose message says what was expected. */
  readonly parse: (text: string) => T;
  readonly fallback: T;
  /** How `--help` writes the fallback; empty when there is none. */
  readonly fallbackText: string;
  /** What `--help` writes for the value; null for a switch that takes none. */
  readonly placeholder: string | null;
  readonly help: string;
}

/** A text that is not a value of its setting. The message completes "<flag> <text> …". */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue';
}

/** What all kinds have in common. */
interface Described<T> {
  readonly fallback: T;
  readonly help: string;
}

interface Ranged<T> extends Described<T> {
  readonly min: number;
  readonly max: number;
}

/** A whole number in decimal, from `min` to `max`. */
export function wholeNumber<T extends number | null>(
  spec: Ranged<T> & { readonly placeholder: string },
): Setting<number | T> {
  const expected = `a whole number from ${spec.min} to ${spec.max}`;
  return setting<number | T>(spec, spec.placeholder, String, (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : null;
    return within(spec, value, expected);
  });
}

/** A duration such as `100ms` or `2s`; the value is in ms. */
export function duration(spec: Ranged<number>): Setting<number> {
  const expected = `a duration from ${formatDuration(spec.min)} to ${formatDuration(spec.max)}`;
  return setting(spec, 'duration', formatDuration, (text) =>
    within(spec, parseDuration(text), expected),
  );
}

/** A size such as `64MiB`; the value is in bytes. */
export function size(spec: Ranged<number>): Setting<number> {
  const expected = `a size from ${formatSize(spec.min)} to ${formatSize(spec.max)}`;
  return setting(spec, 'size', formatSize, (text) => within(spec, parseSize(text), expected));
}

/** One word of a fixed set. */
export function choice<T extends string>(
  spec: Described<T> & { readonly options: readonly T[] },
): Setting<T> {
  return setting(spec, spec.options.join('|'), String, (text) => {
    const found = spec.options.find((option) => option === text);
    if (found === undefined) throw new InvalidValue(`is not one of ${spec.options.join(', ')}`);
    return found;
  });
}

/** Off unless given; `true`, `false`, `1` and `0` in the environment. */
export function switchSetting(spec: { readonly help: string }): Setting<boolean> {
  return setting({ ...spec, fallback: false }, null, String, (text) => {
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    throw new InvalidValue('is not true or false');
  });
}

/** Any text but the empty one. */
export function text<T extends string | null>(
  spec: Described<T> & { readonly placeholder: string },
): Setting<string | T> {
  return setting<string | T>(spec, spec.placeholder, String, (given) => {
    if (given === '') throw new InvalidValue('is empty');
    return given;
  });
}

/** The base URL of a node. */
export function origin(spec: { readonly help: string }): Setting<string | null> {
  return setting({ ...spec, fallback: null }, 'url', String, parseOriginOrThrow);
}

/** Words separated by commas; null when not given. */
export function list(spec: {
  readonly help: string;
  readonly placeholder: string;
}): Setting<readonly string[] | null> {
  return setting({ ...spec, fallback: null }, spec.placeholder, String, (given) => {
    const words = given.split(',').map((word) => word.trim());
    if (words.some((word) => word === '')) throw new InvalidValue('has an empty item');
    return words;
  });
}

/** Puts a kind together; `parse` reads the value, `format` writes the fallback for people. */
export function setting<T>(
  spec: Described<T>,
  placeholder: string | null,
  format: (value: NonNullable<T>) => string,
  parse: (text: string) => T,
): Setting<T> {
  const { fallback, help } = spec;
  const bare = fallback === null || fallback === undefined || fallback === false;
  return { parse, fallback, fallbackText: bare ? '' : format(fallback), placeholder, help };
}

/** @throws InvalidValue */
export function parseOriginOrThrow(given: string): string {
  const found = parseOrigin(given);
  if (found !== null) return found;
  throw new InvalidValue('is not a base URL such as http://10.0.0.1:8080');
}

function within(range: { min: number; max: number }, value: number | null, what: string): number {
  if (value !== null && value >= range.min && value <= range.max) return value;
  throw new InvalidValue(`is not ${what}`);
}
