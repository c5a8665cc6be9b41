import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { LoggedCommand } from '../../src/kv/command.ts';
import { decodeCommand, UnknownCommandError } from '../../src/kv/decode.ts';
import { MAX_KEY_BYTES } from '../../src/kv/limits.ts';
import { EMPTY_BYTES } from '../../src/lib/bytes.ts';
import {
  ABSENT,
  b,
  changedAt,
  checkpoint,
  compact,
  compare,
  del,
  delOp,
  expire,
  getOp,
  grant,
  id,
  keepAlive,
  put,
  putOp,
  revoke,
  txn,
  txnOp,
} from './support/commands.ts';

describe('takes', () => {
  test.each<[string, LoggedCommand]>([
    ['a put', put('a', '1')],
    ['an empty value', put('a', '', { condition: ABSENT, prev: true })],
    ['an empty key', put('', '1', { by: 'Ünal 😀', requestId: 'c.1' })],
    ['the longest key', put('k'.repeat(MAX_KEY_BYTES), '1', { condition: changedAt(0) })],
    ['time zero, and parts of milliseconds', put('a', '1', { at: 0.25 })],
    ['a delete', del('a', { condition: changedAt(7) })],
    ['a delete of a range', del('a', { end: EMPTY_BYTES })],
    ['a delete of everything', del('', { open: true })],
    ['a put with a lease', put('a', '1', { lease: id('9223372036854775807') })],
    ['no lease', put('a', '1', { lease: null, ignoreValue: false })],
    ['a put that keeps everything', put('a', '', { ignoreValue: true, ignoreLease: true })],
    [
      'a put with a lease of its own',
      put('a', '1', { lease: id('7'), grant: { id: id('7'), ttl: 1 } }),
    ],
    ['no lease of its own', put('a', '1', { lease: id('7'), grant: null })],
    ['a transaction with a lease of its own', txn([], { grant: { id: id('7'), ttl: 1 } })],
    ['an empty transaction', txn([])],
    [
      'a transaction of everything',
      txn(
        [
          putOp('a', ''),
          getOp('a', { end: b('b'), sort: 'value', order: 'desc', limit: 0, countOnly: true }),
          getOp('a', { revision: null, minModRevision: 1 }),
          delOp('b', { open: true, prev: false }),
          txnOp([compare('a', 'lease', '!=', '0')], []),
        ],
        {
          compare: [
            compare('', 'value', '<', '', { end: null, open: true }),
            compare('a', 'version', '>', 0),
            compare('a', 'lease', '=', '7'),
          ],
        },
      ),
    ],
    ['a compaction', compact(0)],
    ['a grant', grant('1', 1)],
    ['a long grant', grant('9223372036854775807', 9_000_000_000)],
    ['a revocation', revoke('1')],
    ['a keepalive', keepAlive('1')],
    ['a checkpoint', checkpoint('1', 0, 0, 0)],
    ['an expiry', expire('1', 1, 1)],
  ])('%s', (_name, command) => {
    const decoded = decodeCommand(command);
    expect(decoded.ok && decoded.command).toEqual(command as never);
  });
});

describe('refuses, with the reason', () => {
  const high = '\u0100';
  test.each<[string, object, object]>([
    ['value is not a byte string', put('a', '1'), { value: high }],
    ['value is not a byte string', put('a', '1'), { value: 1 }],
    ['value is not a byte string', put('a', '1'), { value: undefined }],
    ['key is not a byte string', put('a', '1'), { key: `a${high}` }],
    ['key is not a byte string', del('a'), { key: null }],
    ['key is too long', del('a'), { key: 'k'.repeat(MAX_KEY_BYTES + 1) }],
    ['end is not a byte string', del('a'), { end: 0 }],
    ['end is too long', del('a'), { end: 'k'.repeat(MAX_KEY_BYTES + 1) }],
    ['open is not a boolean', del('a'), { open: null }],
    ['prev is not a boolean', put('a', '1'), { prev: 1 }],
    ['at is not a time', put('a', '1'), { at: Number.NaN }],
    ['at is not a time', put('a', '1'), { at: Number.POSITIVE_INFINITY }],
    ['at is not a time', put('a', '1'), { at: -1 }],
    ['at is not a time', put('a', '1'), { at: 2 ** 53 }],
    ['at is not a time', put('a', '1'), { at: '1' }],
    ['by is malformed', put('a', '1'), { by: 1 }],
    ['by is malformed', put('a', '1'), { by: undefined }],
    ['requestId is malformed', put('a', '1'), { requestId: 1 }],
    ['requestId is malformed', put('a', '1'), { requestId: high }],
    ['requestId is malformed', put('a', '1'), { requestId: 'r'.repeat(257) }],
    ['condition is malformed', put('a', '1'), { condition: undefined }],
    ['condition is malformed', put('a', '1'), { condition: 'absent' }],
    ['condition is malformed', put('a', '1'), { condition: {} }],
    ['condition is malformed', put('a', '1'), { condition: ['absent'] }],
    ['condition is malformed', put('a', '1'), { condition: { type: 'mod-revision' } }],
    ['condition is malformed', put('a', '1'), { condition: changedAt(-1) }],
    ['condition is malformed', put('a', '1'), { condition: changedAt(1.5) }],
    ['condition is malformed', put('a', '1'), { condition: { type: 'toString' } }],
    ['lease is not the id of a lease', put('a', '1'), { lease: '0' }],
    ['lease is not the id of a lease', put('a', '1'), { lease: 7 }],
    ['lease is not the id of a lease', put('a', '1'), { lease: '9223372036854775808' }],
    ['ignoreValue is not a boolean', put('a', ''), { ignoreValue: 1 }],
    ['ignoreLease is not a boolean', put('a', '1'), { ignoreLease: null }],
    ['value is given, and to be ignored', put('a', '1'), { ignoreValue: true }],
    ['lease is given, and to be ignored', put('a', '1'), { ignoreLease: true, lease: '1' }],
    ['grant is malformed', put('a', '1'), { grant: '7' }],
    ['grant is not of the lease of the put', put('a', '1'), { grant: { id: '7', ttl: 1 } }],
    [
      'grant is not of the lease of the put',
      put('a', '1', { lease: id('8') }),
      { grant: { id: '7', ttl: 1 } },
    ],
    ['id is not the id of a lease', put('a', '1'), { grant: { id: 7, ttl: 1 } }],
    ['ttl is not in its range', txn([]), { grant: { id: '7', ttl: 0 } }],
    ['grant is malformed', txn([]), { grant: [] }],
    ['compare is not a list', txn([]), { compare: null }],
    ['success is not a list', txn([]), { success: {} }],
    ['failure is not a list', txn([]), { failure: undefined }],
    ['a compare is malformed', txn([]), { compare: [null] }],
    ['op is malformed', txn([]), { compare: [{ ...compare('a', 'mod', '=', 1), op: '==' }] }],
    [
      'target is malformed',
      txn([]),
      { compare: [{ ...compare('a', 'mod', '=', 1), target: 'x' }] },
    ],
    ['value is not a number from 0 on', txn([]), { compare: [compare('a', 'mod', '=', -1)] }],
    ['value is not a number from 0 on', txn([]), { compare: [compare('a', 'create', '=', '1')] }],
    ['value is not a byte string', txn([]), { compare: [compare('a', 'value', '=', 1)] }],
    ['value is not the id of a lease', txn([]), { compare: [compare('a', 'lease', '=', '')] }],
    [
      'key is not a byte string',
      txn([]),
      { compare: [{ ...compare('a', 'mod', '=', 1), key: 1 }] },
    ],
    ['an operation is malformed', txn([]), { failure: [[]] }],
    ['an operation is of an unknown type', txn([]), { success: [{ type: 'toString' }] }],
    ['key is not a byte string', txn([]), { success: [{ type: 'put', value: '' }] }],
    ['value is not a byte string', txn([]), { success: [{ type: 'put', key: '' }] }],
    ['prev is not a boolean', txn([]), { success: [{ type: 'put', key: '', value: '', prev: 1 }] }],
    ['prev is not a boolean', txn([]), { success: [{ type: 'delete', key: '', prev: 1 }] }],
    ['open is not a boolean', txn([]), { success: [{ type: 'get', key: '', open: 0 }] }],
    ['end is not a byte string', txn([]), { success: [{ type: 'get', key: '', end: 0 }] }],
    ['sort is malformed', txn([]), { success: [{ type: 'get', key: '', sort: 'toString' }] }],
    ['order is malformed', txn([]), { success: [{ type: 'get', key: '', order: 'up' }] }],
    ['keysOnly is not a boolean', txn([]), { success: [{ type: 'get', key: '', keysOnly: 1 }] }],
    ['countOnly is not a boolean', txn([]), { success: [{ type: 'get', key: '', countOnly: '' }] }],
    [
      'revision is not a number from 0 on',
      txn([]),
      { success: [{ type: 'get', key: '', revision: -1 }] },
    ],
    [
      'a limit is not a number from 0 on',
      txn([]),
      { success: [{ type: 'get', key: '', limit: null }] },
    ],
    [
      'a limit is not a number from 0 on',
      txn([]),
      { success: [{ type: 'get', key: '', maxCreateRevision: 0.5 }] },
    ],
    ['success is not a list', txn([]), { success: [{ type: 'txn', compare: [], failure: [] }] }],
    ['too-many-operations', txn([]), { success: Array(129).fill(getOp('a')) }],
    ['duplicate-key', txn([putOp('a', ''), putOp('a', '')]), {}],
    ['revision is not a number from 0 on', compact(1), { revision: -1 }],
    ['revision is not a number from 0 on', compact(1), { revision: undefined }],
    ['id is not the id of a lease', grant('1'), { id: '01' }],
    ['id is not the id of a lease', revoke('1'), { id: 1 }],
    ['id is not the id of a lease', keepAlive('1'), { id: null }],
    ['id is not the id of a lease', expire('1', 1, 1), { id: '' }],
    ['ttl is not in its range', grant('1'), { ttl: 0 }],
    ['ttl is not in its range', grant('1'), { ttl: 1.5 }],
    ['ttl is not in its range', grant('1'), { ttl: 9_000_000_001 }],
    ['term is not a number from 0 on', expire('1', 1, 1), { term: '1' }],
    ['epoch is not a number from 0 on', expire('1', 1, 1), { epoch: null }],
    ['term is not a number from 0 on', checkpoint('1', 1, 1, 1), { term: -1 }],
    ['leases is not a list', checkpoint('1', 1, 1, 1), { leases: {} }],
    ['leases has too many items', checkpoint('1', 1, 1, 1), { leases: Array(1001).fill(null) }],
    ['a lease is malformed', checkpoint('1', 1, 1, 1), { leases: [1] }],
    ['remaining is not a number from 0 on', checkpoint('1', -1, 1, 1), {}],
    ['epoch is not a number from 0 on', checkpoint('1', 1, -1, 1), {}],
  ])('%s', (reason, command, fields) => {
    const decoded = decodeCommand({ ...command, ...fields } as LoggedCommand);
    expect(decoded).toEqual({ ok: false, reason });
  });
});

describe('stops at', () => {
  test.each<[string, object]>([
    ['a newer version', { v: 2 }],
    ['an older version', { v: 0 }],
    ['no version', { v: undefined }],
    ['a version in words', { v: '1' }],
    ['another kind', { kind: 'noop' }],
    ['a name every object has', { kind: 'toString' }],
    ['no kind', { kind: undefined }],
    ['a kind that is no text', { kind: { toString: 1 } }],
  ])('%s', (_name, fields) => {
    const command = { ...put('a', '1'), ...fields } as LoggedCommand;
    expect(() => decodeCommand(command)).toThrow(UnknownCommandError);
  });
});

test('whatever the fields are, a known command is taken or refused, and never throws', () => {
  const kind = fc.constantFrom(
    'put',
    'delete',
    'txn',
    'compact',
    'lease-grant',
    'lease-revoke',
    'lease-keepalive',
    'lease-checkpoint',
    'lease-expire',
  );
  const list = fc.array(
    fc.oneof(
      fc.jsonValue(),
      fc.record({ type: fc.constantFrom('put', 'get', 'delete', 'txn'), key: fc.jsonValue() }),
    ),
  );
  const json = fc.record(
    {
      at: fc.jsonValue(),
      by: fc.jsonValue(),
      requestId: fc.jsonValue(),
      key: fc.oneof(fc.jsonValue(), fc.constant(b('k'))),
      value: fc.jsonValue(),
      end: fc.jsonValue(),
      open: fc.jsonValue(),
      condition: fc.jsonValue(),
      prev: fc.jsonValue(),
      compare: list,
      success: list,
      failure: list,
      id: fc.jsonValue(),
      leases: list,
      lease: fc.jsonValue(),
      grant: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(kind, json, (name, fields) => {
      const decoded = decodeCommand({ ...put('a', '1'), ...fields, kind: name } as LoggedCommand);
      expect(typeof decoded.ok).toBe('boolean');
    }),
    { seed: 1, numRuns: 500 },
  );
});
