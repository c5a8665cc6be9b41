import { expect, test } from 'bun:test';
import { must } from '../../src/lib/assert.ts';
import { parseMemberId } from '../../src/lib/ids.ts';
import { PeerSessions } from '../../src/transport/peer-sessions.ts';
import { A, B } from './samples.ts';

const create = (bootNonce = 'receiver-1') => new PeerSessions('secret', bootNonce);

test('a session that was not given out does not count', () => {
  const sessions = create();
  const given = sessions.give(A, 'boot-1');
  for (const session of ['', '1', given.replace(/.$/, 'x'), given.replace(/^1/, '2')]) {
    expect(sessions.admit(A, 'boot-1', session, 1)).toBe('stale');
  }
  expect(sessions.admit(B, 'boot-1', given, 1)).toBe('stale');
  expect(sessions.admit(A, 'boot-2', given, 1)).toBe('stale');
  expect(sessions.admit(A, 'boot-1', given, 1)).toBe('new');
});

test('each counter is heard once, in any order', () => {
  const sessions = create();
  const session = sessions.give(A, 'boot-1');
  expect([5, 3, 5, 4, 3].map((counter) => sessions.admit(A, 'boot-1', session, counter))).toEqual([
    'new',
    'new',
    'used',
    'new',
    'used',
  ]);
});

test('requests side by side are given one session', () => {
  const sessions = create();
  expect(sessions.give(A, 'boot-1')).toBe(sessions.give(A, 'boot-1'));
});

test('the newer run of a sender ends the older one, for good', () => {
  const sessions = create();
  const older = sessions.give(A, 'boot-1');
  expect(sessions.admit(A, 'boot-1', older, 1)).toBe('new');
  const newer = sessions.give(A, 'boot-2');
  expect(sessions.admit(A, 'boot-1', older, 2)).toBe('new');
  expect(sessions.admit(A, 'boot-2', newer, 1)).toBe('new');
  expect(sessions.admit(A, 'boot-1', older, 3)).toBe('stale');
});

test('asking in the name of an older run takes nothing from the newer one', () => {
  const sessions = create();
  const session = sessions.give(A, 'boot-2');
  sessions.give(A, 'boot-1');
  expect(sessions.admit(A, 'boot-2', session, 1)).toBe('new');
  expect(sessions.admit(A, 'boot-2', session, 1)).toBe('used');
});

test('a receiver that started again knows none of its earlier sessions', () => {
  const session = create('receiver-1').give(A, 'boot-1');
  const sessions = create('receiver-2');
  sessions.give(A, 'boot-1');
  expect(sessions.admit(A, 'boot-1', session, 1)).toBe('stale');
});

test('a sender that was forgotten among too many cannot be replayed', () => {
  const sessions = create();
  const session = sessions.give(A, 'boot-1');
  expect(sessions.admit(A, 'boot-1', session, 1)).toBe('new');
  for (let id = 1000; id < 2100; id += 1) {
    sessions.give(must(parseMemberId(String(id)), 'id'), 'boot-1');
  }
  expect(sessions.admit(A, 'boot-1', session, 1)).toBe('stale');
  const again = sessions.give(A, 'boot-1');
  expect(sessions.admit(A, 'boot-1', session, 1)).toBe('stale');
  expect(sessions.admit(A, 'boot-1', again, 1)).toBe('new');
});
