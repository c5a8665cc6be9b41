import type {
  Compare,
  CompareOperand,
  KeyRange,
  RangeOptions,
  TxnFields,
  TxnOp,
} from '../../kv/command.ts';
import { MAX_TXN_OPS, MAX_TXN_TREE, validateTxn } from '../../kv/txn-rules.ts';
import { type ByteString, EMPTY_BYTES } from '../../lib/bytes.ts';
import { ApiError, type ErrorCode } from '../../wire/errors.ts';
import type { HttpLimits } from '../config.ts';
import {
  bytesOf,
  choiceOf,
  type Field,
  integerOf,
  type JsonObject,
  listOf,
  objectOf,
  refused,
} from '../request/json-fields.ts';
import { leaseIdOf } from '../leases/lease-id.ts';
import { defaultPageLimit } from '../answer/page-items.ts';
import { FILTERS, SORTS } from '../kv/range-query.ts';

/** A transaction in a transaction takes three levels of brackets. */
export const TXN_DEPTH_MAX = 3 * MAX_TXN_OPS + 8;

const TXN = ['compare', 'success', 'failure'] as const;
const COMPARE = ['key', 'end', 'target', 'op', 'value'];
const OPS = ['put', 'get', 'delete', 'txn'] as const;
const PUT = ['key', 'value', 'lease', 'prev', 'ignoreValue', 'ignoreLease'];
const OPTIONS = ['limit', 'revision', 'sort', 'order', 'keysOnly', 'countOnly', ...FILTERS];
const GET = ['key', 'end', ...OPTIONS];
const DELETE = ['key', 'end', 'prev'];
const TARGETS = ['value', 'version', 'create', 'mod', 'lease'] as const;

/** How large a key and a value may be, in bytes, and how many operations there may be. */
type Limits = Pick<
  HttpLimits,
  'keyBytes' | 'valueBytes' | 'txnOperations' | 'pageItems' | 'pageItemsMax'
>;

/**
 * The transaction that a body asks for, which may be carried out whatever the state is.
 *
 * @throws ApiError `bad-request`, `bad-key`, `bad-revision`, `key-too-long`, `value-too-large`,
 *   with the path of the field; `too-many-operations`, `duplicate-key`
 */
export function txnOfBody(body: unknown, limits: Limits): TxnFields {
  const txn = new TxnReader(limits).txn({ path: '', value: body });
  const fault = validateTxn(txn, limits.txnOperations);
  if (fault === 'too-many-operations') throw tooManyOperations(limits.txnOperations);
  if (fault === 'duplicate-key') {
    throw new ApiError(fault, 'A transaction puts each key once, and does not delete it too');
  }
  return txn;
}

function tooManyOperations(limit = MAX_TXN_OPS): ApiError {
  return new ApiError(
    'too-many-operations',
    `A transaction has at most ${limit} operations, those in it included; and at most ` +
      `${MAX_TXN_TREE} where those of all ways through it are counted`,
    { limit },
  );
}

class TxnReader {
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  txn(field: Field): TxnFields {
    const fields = objectOf(field, TXN);
    return {
      compare: list(fields, 'compare').map((item) => this.#compare(item)),
      success: list(fields, 'success').map((item) => this.#op(item)),
      failure: list(fields, 'failure').map((item) => this.#op(item)),
    };
  }

  #compare(field: Field): Compare {
    const fields = objectOf(field, COMPARE);
    const target = choiceOf(fields.require('target'), TARGETS);
    const op = choiceOf(fields.require('op'), ['=', '!=', '<', '>']);
    return { ...this.#range(fields), op, ...this.#operand(target, fields.require('value')) };
  }

  #operand(target: CompareOperand['target'], field: Field): CompareOperand {
    switch (target) {
      case 'value':
        return { target, value: this.#value(field) };
      case 'lease':
        return { target, value: field.value === '0' ? '0' : leaseIdOf(field) };
      default:
        return { target, value: countOf(field) };
    }
  }

  #op(field: Field): TxnOp {
    const fields = objectOf(field, OPS);
    const [name, ...others] = fields.names;
    if (name === undefined || others.length > 0) {
      throw refused(field, `an object with exactly one of ${OPS.join(', ')}`);
    }
    const type = choiceOf({ path: field.path, value: name }, OPS);
    const inner = fields.require(type);
    switch (type) {
      case 'put':
        return this.#put(objectOf(inner, PUT));
      case 'get':
        return this.#get(objectOf(inner, GET));
      case 'delete': {
        const deletion = objectOf(inner, DELETE);
        return { type, ...this.#range(deletion), prev: deletion.flag('prev') };
      }
      case 'txn':
        return { type, ...this.txn(inner) };
    }
  }

  #put(fields: JsonObject): TxnOp {
    const ignoreValue = fields.flag('ignoreValue');
    const ignoreLease = fields.flag('ignoreLease');
    if (ignoreValue && fields.has('value')) {
      throw refused(fields.require('value'), 'left out where ignoreValue is true');
    }
    if (ignoreLease && fields.has('lease')) {
      throw refused(fields.require('lease'), 'left out where ignoreLease is true');
    }
    return {
      type: 'put',
      key: this.#key(fields.require('key')),
      value: ignoreValue ? EMPTY_BYTES : this.#value(fields.require('value')),
      ...fields.read('lease', (field) => ({ lease: leaseIdOf(field) }), {}),
      prev: fields.flag('prev'),
      ...(ignoreValue ? { ignoreValue } : {}),
      ...(ignoreLease ? { ignoreLease } : {}),
    };
  }

  #get(fields: JsonObject): TxnOp {
    return { type: 'get', ...this.#range(fields), ...optionsOf(fields, this.#limits) };
  }

  /** One key; [key, end); or, as in etcd, all from `key` on where `end` is the byte NUL. */
  #range(fields: JsonObject): KeyRange {
    const field = fields.require('key');
    const end = fields.read('end', (given) => this.#bound(given), EMPTY_BYTES);
    if (end.length === 0) return { key: this.#key(field) };
    const key = this.#bound(field);
    return end === '\0' ? { key, open: true } : { key, end };
  }

  #key(field: Field): ByteString {
    const key = this.#bound(field);
    if (key.length > 0) return key;
    throw new ApiError('bad-key', `${field.path} is empty`, { field: field.path });
  }

  #bound(field: Field): ByteString {
    const bytes = bytesOf(field);
    return this.#fitting(field, bytes, 'key-too-long', this.#limits.keyBytes);
  }

  #value(field: Field): ByteString {
    const bytes = bytesOf(field);
    return this.#fitting(field, bytes, 'value-too-large', this.#limits.valueBytes);
  }

  #fitting({ path }: Field, bytes: ByteString, code: ErrorCode, limit: number): ByteString {
    if (bytes.length <= limit) return bytes;
    const detail = `${path} has ${bytes.length} bytes, more than ${limit}`;
    throw new ApiError(code, detail, { limit, field: path });
  }
}

/** The items of a list, which may be left out. The longest that may be is known from the start. */
function list(fields: JsonObject, name: string): readonly Field[] {
  const items = fields.read(name, listOf, []);
  if (items.length > MAX_TXN_OPS) throw tooManyOperations();
  return items;
}

function optionsOf(fields: JsonObject, limits: Limits): RangeOptions {
  const bounds: { -readonly [Name in (typeof FILTERS)[number]]?: number } = {};
  for (const name of FILTERS) if (fields.has(name)) bounds[name] = countOf(fields.require(name));
  return {
    limit: fields.read(
      'limit',
      (field) => integerOf(field, 1, limits.pageItemsMax),
      defaultPageLimit(limits),
    ),
    ...fields.read('revision', (field) => ({ revision: revisionOf(field) }), {}),
    ...fields.read('sort', (field) => ({ sort: choiceOf(field, SORTS) }), {}),
    ...fields.read('order', (field) => ({ order: choiceOf(field, ['asc', 'desc']) }), {}),
    ...bounds,
    keysOnly: fields.flag('keysOnly'),
    countOnly: fields.flag('countOnly'),
  };
}

function countOf(field: Field): number {
  return integerOf(field, 0, Number.MAX_SAFE_INTEGER);
}

function revisionOf(field: Field): number {
  try {
    return countOf(field);
  } catch {
    const detail = `${field.path} must be a plain non-negative integer`;
    throw new ApiError('bad-revision', detail, { field: field.path });
  }
}
