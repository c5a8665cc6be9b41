import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  idFault,
  memberFault,
  nullableIdFault,
  proposalFault,
  updateFault,
} from '../../../src/node/leader/forwarded.ts';
import { anyHistory } from '../../kv/support/arbitrary.ts';
import { perform } from '../../kv/support/history.ts';

const ID = '9223372036854775807';
const URL = 'http://10.0.0.1:8080';
const PUT = { kind: 'put', key: 'a', value: '1', prev: false, condition: null };

test('every command that a node makes may be forwarded', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      for (const { command } of perform(history).log) {
        const { v: _, at: __, by: ___, requestId: ____, ...body } = command;
        expect([body, proposalFault(body, 'c.1')]).toEqual([body, null]);
      }
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['nothing', null],
  ['a text', 'put'],
  ['a list', [PUT]],
  ['a kind that nobody knows', { kind: 'poison' }],
  ['a kind of an object', { ...PUT, kind: '__proto__' }],
  ['what is of the core', { kind: 'noop' }],
  ['a membership', { kind: 'configuration', configuration: {} }],
  ['another version', { ...PUT, v: 2 }],
  ['another time', { ...PUT, at: 2 ** 52 }],
  ['another name', { ...PUT, by: 'root' }],
  ['another id', { ...PUT, requestId: 'x' }],
  ['a key that is none', { ...PUT, key: 5 }],
])('no command: %s', (_what, body) => {
  expect(proposalFault(body, 'c.1')).toBeString();
});

test('nor one under an id that is none', () => {
  expect(proposalFault(PUT, 'c.1')).toBeNull();
  for (const id of ['x'.repeat(257), '\u0100']) expect(proposalFault(PUT, id)).toBeString();
});

test('members and their ids have their form', () => {
  expect(memberFault({ id: ID, name: 'n1', url: URL }, '')).toBeNull();
  expect(memberFault({ id: null, name: null, url: URL }, '')).toBeNull();
  for (const change of [
    { id: '__proto__' },
    { id: 5 },
    { name: 'x'.repeat(65) },
    { name: '<b>' },
    { url: 7 },
    { url: `${URL}/` },
    { url: `${URL}/path` },
    { url: 'file:///etc/passwd' },
    { url: 'http://user@host' },
    { more: 1 },
  ]) {
    expect([change, memberFault({ id: ID, name: 'n1', url: URL, ...change }, '')]).toEqual([
      change,
      'the arguments are malformed',
    ]);
  }
  expect(updateFault({ id: ID, url: URL }, '')).toBeNull();
  expect(updateFault({ id: null, url: URL }, '')).toBeString();
  expect([idFault(ID, ''), nullableIdFault(null, '')]).toEqual([null, null]);
  for (const id of [null, '', '0', '01', '9223372036854775808', 1, {}]) {
    expect(idFault(id, '')).toBeString();
  }
});
