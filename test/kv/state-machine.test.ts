import { describe, expect, test } from 'bun:test';
import type { LoggedCommand } from '../../src/kv/command.ts';
import type { KvEvent } from '../../src/kv/event.ts';
import { UnknownCommandError } from '../../src/kv/decode.ts';
import { StateMachine, type StateView } from '../../src/kv/state-machine.ts';
import { EMPTY_BYTES } from '../../src/lib/bytes.ts';
import type { StoreView } from '../../src/node/api.ts';
import { ABSENT, b, del, put } from './support/commands.ts';

test('a new machine is empty, at revision 1 and index 0', () => {
  const machine = new StateMachine();
  expect(machine.appliedIndex).toBe(0);
  expect(machine.view.revision).toBe(1);
  expect(machine.view.count(EMPTY_BYTES, null)).toBe(0);
  expect(machine.view.get(b('a'))).toBeUndefined();
  expect(machine.hash()).toMatch(/^[0-9a-f]{16}$/);
  expect(machine.hash()).toBe(new StateMachine().hash());
});

test('the view is what the node wants of it', () => {
  const view: StateView = new StateMachine().view;
  const asStoreView: StoreView = view;
  expect(asStoreView.range(EMPTY_BYTES, null, 1)).toEqual([]);
});

describe('indexes', () => {
  test('every entry counts, of the state machine or not', () => {
    const machine = new StateMachine();
    machine.skip(1);
    machine.apply(put('a', '1'), 2);
    machine.apply(put('a', '1', { condition: ABSENT }), 3);
    machine.apply(put('a', '1', { at: -1 }), 4);
    expect(machine.appliedIndex).toBe(4);
    expect(machine.view.revision).toBe(2);
  });

  test.each([0, 1, 3, 4, 2.5, Number.NaN])('after 1 comes 2, not %p', (index) => {
    const machine = new StateMachine();
    machine.skip(1);
    expect(() => machine.apply(put('a', '1'), index)).toThrow('after 1');
    expect(() => machine.skip(index)).toThrow('after 1');
    expect(machine.appliedIndex).toBe(1);
    expect(machine.view.revision).toBe(1);
  });

  test('they are no part of the hash', () => {
    const [machine, other] = [new StateMachine(), new StateMachine()];
    other.skip(1);
    expect(other.hash()).toBe(machine.hash());
  });
});

describe('commands that are not carried out', () => {
  test('an unknown one stops the node before any change', () => {
    const machine = new StateMachine();
    const hash = machine.hash();
    const newer = { ...put('a', '1', { requestId: 'c.1', at: 9 }), v: 2 };
    expect(() => machine.apply(newer, 1)).toThrow(UnknownCommandError);
    expect([machine.appliedIndex, machine.hash()]).toEqual([0, hash]);
  });

  test('a malformed one has a result, and no effect, not even on time', () => {
    const machine = new StateMachine();
    const hash = machine.hash();
    const malformed: LoggedCommand = Object.assign(put('a', '1', { at: 9 }), { value: 5 });
    const result = machine.apply(malformed, 1);
    expect(result).toEqual({
      type: 'invalid-command',
      revision: 1,
      reason: 'value is not a byte string',
    });
    expect([machine.appliedIndex, machine.hash()]).toEqual([1, hash]);
  });
});

describe('exactly once', () => {
  test('the first answer is given again, whatever happened meanwhile', () => {
    const machine = new StateMachine();
    const first = put('a', '1', { requestId: 'c.1', prev: true });
    const answer = machine.apply(first, 1);
    machine.apply(del('a'), 2);
    expect(machine.apply({ ...first, at: 5000 }, 3)).toEqual(answer);
    expect(machine.view.get(b('a'))).toBeUndefined();
    expect(machine.view.revision).toBe(3);
  });

  test('a failed condition is an answer too', () => {
    const machine = new StateMachine();
    machine.apply(put('a', '1'), 1);
    const create = put('a', '2', { requestId: 'x', condition: ABSENT });
    const failed = { type: 'condition-failed', revision: 2, modRevision: 2 } as const;
    expect(machine.apply(create, 2)).toEqual(failed);
    machine.apply(del('a'), 3);
    expect(machine.apply(create, 4)).toEqual(failed);
    expect(machine.view.get(b('a'))).toBeUndefined();
  });

  test('the same name for something else is refused with the present revision', () => {
    const machine = new StateMachine();
    machine.apply(put('a', '1', { requestId: 'x' }), 1);
    machine.apply(put('b', '1'), 2);
    const other = put('a', '2', { requestId: 'x' });
    expect(machine.apply(other, 3)).toEqual({ type: 'request-mismatch', revision: 3 });
    expect(machine.view.get(b('a'))?.value).toBe(b('1'));
  });

  test('without a name, every command is a request of its own', () => {
    const machine = new StateMachine();
    machine.apply(put('a', '1'), 1);
    machine.apply(put('a', '1'), 2);
    expect(machine.view.get(b('a'))?.version).toBe(2);
  });
});

test('events: of what was changed, once, while somebody listens', () => {
  const machine = new StateMachine();
  const events: KvEvent[] = [];
  machine.apply(put('before', '1'), 1);
  machine.listen((event) => events.push(event));
  machine.apply(put('a', '1', { requestId: 'c.1' }), 2);
  machine.apply(put('a', '1', { requestId: 'c.1' }), 3);
  machine.apply(del('', { open: true }), 4);
  machine.listen(null);
  machine.apply(put('after', '1'), 5);
  expect(events).toEqual([
    { type: 'put', key: b('a'), revision: 3 },
    { type: 'delete', key: b('a'), revision: 4 },
    { type: 'delete', key: b('before'), revision: 4 },
  ]);
});

test('equal states hash alike whatever way led there, and others do not', () => {
  const straight = new StateMachine();
  for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) straight.apply(put(key, '1'), i + 1);
  const other = new StateMachine();
  for (const [i, key] of ['a', 'b', 'x', 'd'].entries()) other.apply(put(key, '1'), i + 1);
  expect(other.hash()).not.toBe(straight.hash());
  const roundabout = new StateMachine();
  const commands = [
    put('a', '1'),
    put('b', '1'),
    put('c', '1', { requestId: 'c.1' }),
    put('d', '1'),
  ];
  for (const [i, command] of commands.entries()) roundabout.apply(command, i + 1);
  expect(roundabout.hash()).not.toBe(straight.hash());
  // An hour later the request is forgotten; the clocks must agree for the states to be equal.
  for (const machine of [straight, roundabout]) machine.apply(del('none', { at: 3_601_000 }), 5);
  expect(roundabout.hash()).toBe(straight.hash());
});
