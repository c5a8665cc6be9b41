import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { LoggedCommand } from '../../src/kv/command.ts';
import { decodeCommand, UnknownCommandError } from '../../src/kv/decode.ts';
import { MAX_KEY_BYTES } from '../../src/kv/limits.ts';
import { EMPTY_BYTES } from '../../src/lib/bytes.ts';
import { ABSENT, b, changedAt, del, put } from './support/commands.ts';

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
  const kind = fc.constantFrom('put', 'delete');
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
