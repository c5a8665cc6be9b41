import type { ByteString } from '../../lib/bytes.ts';
import { parseCount } from '../../lib/quantities.ts';
import { ApiError } from '../../wire/errors.ts';
import type { LimitName } from '../../wire/limits.ts';
import { PATH_SEARCH_START, percentDecode } from './key.ts';

/** The query of one request: each parameter at most once, and only those that its route knows. */
export class Query {
  static readonly #empty = new Query(new Map());
  readonly #parameters: ReadonlyMap<string, ByteString>;

  private constructor(parameters: ReadonlyMap<string, ByteString>) {
    this.#parameters = parameters;
  }

  /** @throws ApiError `bad-request` for a parameter that is unknown, or there twice */
  static of(url: string, known: readonly string[]): Query {
    const start = url.indexOf('?', PATH_SEARCH_START);
    if (start === -1 || start === url.length - 1) return Query.#empty;
    const parameters = new Map<string, ByteString>();
    for (const part of url.slice(start + 1).split('&')) {
      if (part !== '') addParameter(parameters, part, known);
    }
    return new Query(parameters);
  }

  has(name: string): boolean {
    return this.#parameters.has(name);
  }

  /** The bytes of a parameter, or null when it is not there. */
  bytes(name: string): ByteString | null {
    return this.#parameters.get(name) ?? null;
  }

  /** `?name`, `?name=true` and `?name=false`. @throws ApiError `bad-request` for anything else */
  flag(name: string): boolean {
    const value = this.#parameters.get(name);
    if (value === undefined || value === 'false') return false;
    if (value === '' || value === 'true') return true;
    throw new ApiError('bad-request', `${name} is a switch: give it no value, true or false`);
  }

  /** One of the options, the first by default. @throws ApiError `bad-request` */
  choice<Option extends string>(name: string, options: readonly [Option, ...Option[]]): Option {
    const value: string | undefined = this.#parameters.get(name);
    if (value === undefined) return options[0];
    const chosen = options.find((option) => option === value);
    if (chosen === undefined) {
      throw new ApiError('bad-request', `${name} must be one of: ${options.join(', ')}`);
    }
    return chosen;
  }

  /**
   * A plain integer from `min` to `max`, null when it is not there.
   *
   * @param limitName what is reached when it is more, if that is a limit.
   * @throws ApiError `bad-request`, with the limit when that is reached
   */
  integer(name: string, min: number, max: number, limitName?: LimitName): number | null {
    const value = this.#parameters.get(name);
    if (value === undefined) return null;
    const number = parseCount(value) ?? -1;
    if (number >= min && number <= max) return number;
    const fields = limitName !== undefined && number > max ? { limit: max, limitName } : {};
    const detail = `${name} must be a plain integer from ${min} to ${max}`;
    throw new ApiError('bad-request', detail, fields);
  }

  /**
   * A revision; 0, for none or for the newest, when it is not there.
   *
   * @throws ApiError `bad-revision` for what is not a plain non-negative integer
   */
  revision(name = 'revision'): number {
    const value = this.#parameters.get(name);
    if (value === undefined) return 0;
    const number = parseCount(value);
    if (number !== null) return number;
    throw new ApiError('bad-revision', `${name} must be a plain non-negative integer`);
  }
}

function addParameter(
  parameters: Map<string, ByteString>,
  part: string,
  known: readonly string[],
): void {
  const equals = part.indexOf('=');
  const name = equals === -1 ? part : part.slice(0, equals);
  if (!known.includes(name)) throw unknownParameter(name);
  if (parameters.has(name)) throw new ApiError('bad-request', `${name} is there twice`);
  parameters.set(
    name,
    equals === -1 ? ('' as ByteString) : decodeValue(name, part.slice(equals + 1)),
  );
}

/**
 * Forms write a space as `+`, everyone else means a plus sign: a key must not depend on who is
 * right, so a bare `+` is refused.
 */
function decodeValue(name: string, raw: string): ByteString {
  if (raw.includes('+')) {
    throw new ApiError('bad-request', `${name}: write %20 for a space, %2B for a plus sign, not +`);
  }
  return percentDecode(raw);
}

function unknownParameter(name: string): ApiError {
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return new ApiError('bad-request', `The parameter ${shown} is unknown here`, {
    parameter: shown,
  });
}
