/**
 * FIELDS OF A JSON BODY, read one by one, so that a refusal names the one it is about by its path:
 * `success[0].put.key`. For bodies whose schema is a choice of shapes, of which a validator would
 * only say that none fits.
 */

import { bytesOfBase64, bytesOfText, type ByteString } from '../../lib/bytes.ts';
import { ApiError } from '../../wire/errors.ts';

/** A value of a body that was not looked at yet, and where it stands; '' for the body itself. */
export interface Field {
  readonly path: string;
  readonly value: unknown;
}

export function refused({ path }: Field, must: string): ApiError {
  const subject = path === '' ? 'The body' : path;
  return new ApiError('bad-request', `${subject} must be ${must}`, { field: path });
}

/** The fields of an object, of which it may have no others. @throws ApiError `bad-request` */
export function objectOf(field: Field, known: readonly string[]): JsonObject {
  const { value, path } = field;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused(field, 'an object');
  }
  const fields = new Map(Object.entries(value as Record<string, unknown>));
  for (const name of fields.keys()) {
    if (known.includes(name)) continue;
    const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
    const where = path === '' ? shown : `${path}.${shown}`;
    const detail = `${where} is unknown; there may be ${known.join(', ')}`;
    throw new ApiError('bad-request', detail, { field: where });
  }
  return new JsonObject(path, fields);
}

/** The items of a list. @throws ApiError `bad-request` */
export function listOf(field: Field): Field[] {
  if (!Array.isArray(field.value)) throw refused(field, 'a list');
  const items = field.value as readonly unknown[];
  return items.map((value, i) => ({ path: `${field.path}[${i}]`, value }));
}

/** One of the texts. @throws ApiError `bad-request` */
export function choiceOf<Option extends string>(field: Field, options: readonly Option[]): Option {
  const chosen = options.find((option) => option === field.value);
  if (chosen === undefined) throw refused(field, `one of ${options.join(', ')}`);
  return chosen;
}

/** @throws ApiError `bad-request` */
export function integerOf(field: Field, min: number, max: number): number {
  const { value } = field;
  if (Number.isSafeInteger(value) && Object.is(Math.abs(value as number), value)) {
    const number = value as number;
    if (number >= min && number <= max) return number;
  }
  const range = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`;
  throw refused(field, `a plain integer${range}`);
}

/**
 * Bytes: a text stands for its UTF-8, and `{"base64":"…"}` for what is none.
 *
 * @throws ApiError `bad-request`
 */
export function bytesOf(field: Field): ByteString {
  const { value, path } = field;
  if (typeof value === 'string') {
    if (value.isWellFormed()) return bytesOfText(value);
    throw refused(field, 'text without lone surrogates; give bytes as {"base64":"…"}');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused(field, 'a text, or {"base64":"…"}');
  }
  const base64 = objectOf(field, ['base64']).require('base64');
  const bytes = typeof base64.value === 'string' ? bytesOfBase64(base64.value) : null;
  if (bytes === null) {
    throw refused({ path: `${path}.base64`, value }, 'base64 with padding (RFC 4648 section 4)');
  }
  return bytes;
}

/** The fields of an object by name. */
export class JsonObject {
  readonly #path: string;
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(path: string, fields: ReadonlyMap<string, unknown>) {
    this.#path = path;
    this.#fields = fields;
  }

  get names(): string[] {
    return [...this.#fields.keys()];
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** @throws ApiError `bad-request` when it is not there */
  require(name: string): Field {
    const field = this.#field(name);
    if (this.has(name)) return field;
    throw new ApiError('bad-request', `${field.path} is required`, { field: field.path });
  }

  /** What is made of the field; `otherwise` when it is not there. */
  read<T, Otherwise>(name: string, read: (field: Field) => T, otherwise: Otherwise): T | Otherwise {
    return this.has(name) ? read(this.#field(name)) : otherwise;
  }

  /** False when it is not there. @throws ApiError `bad-request` */
  flag(name: string): boolean {
    const field = this.#field(name);
    if (!this.has(name)) return false;
    if (typeof field.value !== 'boolean') throw refused(field, 'true or false');
    return field.value;
  }

  #field(name: string): Field {
    const path = this.#path === '' ? name : `${this.#path}.${name}`;
    return { path, value: this.#fields.get(name) };
  }
}
