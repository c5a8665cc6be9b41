/** Flags of single commands. Unlike settings they have no variables in the environment. */

import { parseDuration } from '../lib/quantities.ts';
import type { FlagValues } from '../lib/settings.ts';
import { EXIT, ExitError } from './exit.ts';

/** A text that was given; undefined when it was not. */
export function textFlag(flags: FlagValues, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

export function switchFlag(flags: FlagValues, name: string): boolean {
  return flags[name] === true;
}

/** A whole number. @throws ExitError */
export function integerFlag(
  flags: FlagValues,
  name: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const text = textFlag(flags, name);
  return text === undefined ? undefined : wholeNumber(text, `${dashed(name)} ${text}`, min, max);
}

/** A duration such as `500ms` or `2m`, in ms. @throws ExitError */
export function durationFlag(flags: FlagValues, name: string): number | undefined {
  const text = textFlag(flags, name);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== null && /[a-z]$/.test(text)) return ms;
  throw new ExitError(EXIT.usage, `${dashed(name)} ${text} is not a duration such as 500ms or 30s`);
}

/** One of several words. @throws ExitError */
export function choiceFlag<T extends string>(
  flags: FlagValues,
  name: string,
  options: readonly T[],
): T | undefined {
  const text = textFlag(flags, name);
  const found = options.find((option) => option === text);
  if (text === undefined || found !== undefined) return found;
  throw new ExitError(EXIT.usage, `${dashed(name)} ${text} is not one of ${options.join(', ')}`);
}

/** An argument that is a whole number. @throws ExitError naming what it is */
export function wholeNumber(
  text: string,
  what: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const upTo = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
  throw new ExitError(EXIT.usage, `${what} is not a whole number from ${min}${upTo}`);
}

/** @throws ExitError when more than one of them was given */
export function exclusive(flags: FlagValues, ...names: readonly string[]): void {
  const given = names.filter((name) => flags[name] !== undefined);
  if (given.length < 2) return;
  throw new ExitError(EXIT.usage, `${given.map(dashed).join(' and ')} exclude each other`);
}

/** The flag of a name that Commander has put in camel case. */
function dashed(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
