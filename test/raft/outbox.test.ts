import { expect, test } from 'bun:test';
import { must } from '../../src/lib/assert.ts';
import { RaftLog } from '../../src/raft/log.ts';
import type { Message } from '../../src/raft/message.ts';
import { Outbox } from '../../src/raft/outbox.ts';
import type { PersistMark } from '../../src/raft/ready.ts';
import { idOf, logOf, votersUpTo } from '../support/raft-members.ts';

const LOG = new RaftLog(0, 0, logOf(votersUpTo(1), [1, 1, 2, 2]));
const MESSAGE: Message = { type: 'timeout-now', from: idOf(1), to: idOf(2), term: 1, seq: 1 };

function takeMark(out: Outbox): PersistMark {
  return must(out.take(LOG, []).mark, 'a mark');
}

test('an empty outbox gives a Ready that asks nothing of the disk', () => {
  const out = new Outbox();
  expect(out.isEmpty).toBe(true);
  const ready = out.take(LOG, []);
  expect(ready.mark).toBeNull();
  expect(out.diskIsBusy).toBe(false);
});

test('the two kinds of messages stay apart, and what waits gives the Ready a mark', () => {
  const out = new Outbox();
  out.send(MESSAGE, true);
  out.send({ ...MESSAGE, seq: 2 }, false);
  const ready = out.take(LOG, []);
  expect(ready.messages.map((message) => message.seq)).toEqual([1]);
  expect(ready.messagesAfterPersist.map((message) => message.seq)).toEqual([2]);
  expect(ready.mark).toEqual({ sequence: 1, lastIndex: 4, lastTerm: 2 });
  expect(out.isEmpty).toBe(true);
});

test('a message that may leave needs no disk', () => {
  const out = new Outbox();
  out.send(MESSAGE, true);
  expect(out.take(LOG, []).mark).toBeNull();
});

test('term and vote are durable once the Ready that carries them is, not an earlier one', () => {
  const out = new Outbox();
  out.send(MESSAGE, false);
  const earlier = takeMark(out);
  out.setHardState({ term: 2, vote: null });
  expect(out.hardStateIsDurable).toBe(false);
  const carrying = takeMark(out);
  out.persisted(earlier);
  expect([out.hardStateIsDurable, out.diskIsBusy]).toEqual([false, true]);
  out.persisted(carrying);
  expect([out.hardStateIsDurable, out.diskIsBusy]).toEqual([true, false]);
});

test('only the newest of several hard states is handed out', () => {
  const out = new Outbox();
  out.setHardState({ term: 2, vote: null });
  out.setHardState({ term: 3, vote: idOf(1) });
  expect(out.take(LOG, []).state).toEqual({ term: 3, vote: idOf(1) });
  expect(out.take(LOG, []).state).toBeNull();
});

test('entries that are truncated before the disk has them never reach it', () => {
  const out = new Outbox();
  out.entries.push(...LOG.slice(2, 4));
  out.truncatedFrom(3);
  expect(out.take(LOG, []).entries.map((entry) => entry.index)).toEqual([2]);
});

test('a mark from before a truncation says nothing of the log, one from then on does', () => {
  const out = new Outbox();
  out.entries.push(...LOG.slice(2, 4));
  const before = takeMark(out);
  out.truncatedFrom(3);
  out.entries.push(...LOG.slice(3, 3));
  const after = takeMark(out);
  expect([out.speaksOfLog(before), out.speaksOfLog(after)]).toEqual([false, true]);
});

test('a snapshot voids the entries that waited, and marks from before it', () => {
  const out = new Outbox();
  out.entries.push(...LOG.slice(2, 2));
  const before = takeMark(out);
  out.entries.push(...LOG.slice(3, 4));
  const snapshot = { index: 9, term: 2, configuration: votersUpTo(1) };
  out.replaceLog(snapshot);
  expect(out.speaksOfLog(before)).toBe(false);
  const ready = out.take(LOG, []);
  expect([ready.snapshot, ready.entries]).toEqual([snapshot, []]);
  expect(out.take(LOG, []).snapshot).toBeNull();
});
