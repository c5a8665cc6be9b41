import { describe, expect, test } from 'bun:test';
import type { KvCommand, LoggedCommand } from '../../src/kv/command.ts';
import type { KvChange } from '../../src/kv/event.ts';
import { UnknownCommandError } from '../../src/kv/decode.ts';
import { StateMachine, type StateView } from '../../src/kv/state-machine.ts';
import { EMPTY_BYTES } from '../../src/lib/bytes.ts';
import type { StoreView } from '../../src/node/api.ts';
import {
  ABSENT,
  b,
  compact,
  del,
  expire,
  grant,
  id,
  put,
  putOp,
  revoke,
  txn,
} from './support/commands.ts';

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

  test('terms never fall', () => {
    const machine = new StateMachine();
    machine.skip(1, 5);
    expect(() => machine.skip(2, 4)).toThrow('term 4 after 5');
    machine.apply(grant('1'), 2, 6);
    // Without a term, the entry is of the newest known.
    expect(machine.apply(expire('1', 2, 5), 3).type).toBe('lease-alive');
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

test('changes: of what was carried out, once, while somebody listens', () => {
  const machine = new StateMachine();
  const changes: KvChange[] = [];
  machine.apply(put('before', '1'), 1);
  machine.listen((change) => changes.push(change));
  machine.apply(put('a', '1', { requestId: 'c.1' }), 2);
  machine.apply(put('a', '1', { requestId: 'c.1' }), 3);
  machine.apply(del('', { open: true }), 4);
  machine.listen(null);
  machine.apply(put('after', '1'), 5);
  expect(changes.map(({ revision, events }) => [revision, events.map(({ kv }) => kv.key)])).toEqual(
    [
      [3, [b('a')]],
      [4, [b('a'), b('before')]],
    ],
  );
});

/** A state that was reached by commands, the last of them an hour after the others. */
function reached(...commands: readonly KvCommand[]): StateMachine {
  const machine = new StateMachine();
  for (const command of [...commands, del('none', { at: 3_601_000 })]) {
    machine.apply(command, machine.appliedIndex + 1);
  }
  return machine;
}

describe('the hash', () => {
  const straight = [put('a', '1'), put('b', '1'), put('c', '2')];

  test('is that of the state, whatever way led there', () => {
    const named = straight.map((command, i) => ({ ...command, requestId: `c.${i}` }));
    // An hour later the requests are forgotten.
    expect(reached(...named).hash()).toBe(reached(...straight).hash());
    const leases = [...straight.slice(0, 2), grant('1'), revoke('1'), ...straight.slice(2)];
    expect(reached(...leases).hash()).toBe(reached(...straight).hash());
  });

  test('does not see what is forgotten', () => {
    const [one, other] = [put('c', '0'), put('c', '1')].map((past) =>
      reached(past, put('c', '2'), put('a', '1'), compact(3)),
    );
    expect(one?.hash()).toBe(other?.hash() ?? '');
  });

  test.each<[string, readonly KvCommand[]]>([
    ['a value', [put('a', '1'), put('b', '1'), put('c', '3')]],
    ['a key', [put('a', '1'), put('b', '1'), put('d', '2')]],
    ['which revision wrote what', [put('b', '1'), put('a', '1'), put('c', '2')]],
    ['history', [put('a', '1'), put('c', '1'), put('b', '1'), put('c', '2')]],
    ['a delete in history', [...straight, put('d', '1'), del('d')]],
    ['the compact revision', [...straight, compact(2)]],
    ['a lease', [...straight, grant('1')]],
    ['which lease a key has', [grant('1'), put('a', '1'), put('b', '1', { lease: id('1') })]],
  ])('sees %s', (_name, commands) => {
    expect(reached(...commands).hash()).not.toBe(reached(...straight).hash());
  });

  test('sees the old value of a key', () => {
    const [one, other] = ['0', '1'].map((old) => reached(put('a', old), put('a', '2')).hash());
    expect(one).not.toBe(other);
  });

  test('sees the order within a revision, as long as a watch can', () => {
    const [one, other] = [
      [putOp('a', '1'), putOp('b', '1')],
      [putOp('b', '1'), putOp('a', '1')],
    ].map((ops) => [txn(ops), put('c', '1')]);
    expect(reached(...(one ?? [])).hash()).not.toBe(reached(...(other ?? [])).hash());
    const [late, later] = [one, other].map((commands) => reached(...(commands ?? []), compact(3)));
    expect(late?.hash()).toBe(later?.hash() ?? '');
  });

  test('sees the term, on which it depends whether leases expire', () => {
    const [machine, other] = [new StateMachine(), new StateMachine()];
    machine.skip(1, 1);
    other.skip(1, 2);
    expect(machine.hash()).not.toBe(other.hash());
  });
});
