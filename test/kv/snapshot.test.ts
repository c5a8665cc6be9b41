import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { TxnOp } from '../../src/kv/command.ts';
import { StateMachine } from '../../src/kv/state-machine.ts';
import { MAX_TXN_OPS, validateTxn } from '../../src/kv/txn-rules.ts';
import { type ByteString, bytesOfBuffer, EMPTY_BYTES } from '../../src/lib/bytes.ts';
import { b, compact, del, grant, put, putOp, txn, txnOp } from './support/commands.ts';
import { filled, restored } from './support/filled.ts';
import { Rig } from './support/rig.ts';

test('the form of the lines: fixed for ever, for they are on disk', () => {
  // Cut into pieces, to be read.
  const pieces = [...filled().snapshot()].map((line) => line.match(/.{1,80}/g));
  expect(pieces).toMatchInlineSnapshot(`
    [
      [
        "{"type":"state","v":2,"appliedIndex":14,"term":3,"revision":10,"compactRevision"",
        ":4,"clock":1000}",
      ],
      [
        "{"type":"leases","items":[["7",60,12345,7],["9223372036854775807",1,1000,9]]}",
      ],
      [
        "{"type":"base","items":[["__proto__","2",2,3,2,null]]}",
      ],
      [
        "{"type":"log","items":[["10","",4,4,1,null],["2","x",5,5,1,null],["Ã©\\n\\"\\\\","\\u",
        "0000",6,6,1,"7"],["\\u0000ÿ","\\u0000ÿ",7,7,1,null],["10","",0,8,0,null],["2","",0",
        ",8,0,null],["10","again",9,9,1,null],["t","1",10,10,1,"7"],["s","",10,10,1,null]",
        "]}",
      ],
      [
        "{"type":"clients","items":[["a",1000,-1],["b",1000,-1],["constructor",6,-1]]}",
      ],
      [
        "{"type":"requests","items":[["/__proto__","66905aa6bf7566db",1000,["put",5,1,0]]",
        ",["/range","76c63eb27d3f2071",1000,["delete",8,2,2]],["10","",4,4,1,null],["2","",
        "x",5,5,1,null],["/txn","69de5db32cb7baa4",1000,["txn",10,1,[["put",10,1,0],["txn",
        "",10,1,[["get",10,3,1,2],["put",10,1,0]]]]]],["10","again",9,9,1,null],["__proto",
        "__","2",2,3,2,null],["a.0000000000000000","66905aa6bf7566db",1000,["condition-fa",
        "iled",5,5]],["b.0000000000000001","591758c366195eb7",1000,["lease-granted",5,"7"",
        ",60]],["constructor.0000000000000001","97ef65ade8e9cfc4",5,["put",2,1,0]],["cons",
        "tructor.0000000000000002","f5965b7b143c28d5",6,["put",3,0,1]],["__proto__","1",2",
        ",2,1,null]]}",
      ],
      [
        "{"type":"end","leases":2,"base":1,"log":9,"clients":3,"requests":12,"hash":"b510",
        "f7bf572de557"}",
      ],
    ]
  `);
});

test('the answer to the deepest transaction there may be comes back', () => {
  let op: TxnOp = putOp('k', 'v', { prev: true });
  for (let depth = 2; depth < MAX_TXN_OPS; depth += 1) op = txnOp([], [op]);
  const rig = new Rig();
  rig.apply(put('k', 'before'));
  const deepest = txn([txnOp([], [op])], { requestId: 'deep' });
  expect(validateTxn(deepest)).toBeNull();
  const answer = rig.apply(deepest);
  expect(answer.type).toBe('txn');
  const copy = rig.copy();
  expect(copy.machine.hash()).toBe(rig.machine.hash());
  expect(copy.apply(deepest)).toEqual(answer);
  expect(validateTxn(txn([txnOp([], [txnOp([], [op])])]))).toBe('too-many-operations');
});

test('an empty state has a snapshot', () => {
  const machine = restored(new StateMachine().snapshot());
  expect(machine.hash()).toBe(new StateMachine().hash());
  expect(machine.view.revision).toBe(1);
});

test('restored, it is the same in everything', () => {
  const [machine, copy] = [filled(), restored(filled().snapshot())];
  expect(copy.appliedIndex).toBe(machine.appliedIndex);
  expect(copy.hash()).toBe(machine.hash());
  const { view } = copy;
  expect(view.range(EMPTY_BYTES, null, 99)).toEqual(machine.view.range(EMPTY_BYTES, null, 99));
  expect(view.history(b('__proto__'), 9)).toEqual(machine.view.history(b('__proto__'), 9));
  expect([...view.allLeases()]).toEqual([...machine.view.allLeases()]);
  const { revision } = view;
  for (const name of ['constructor.1', 'constructor.2', '__proto__', 'range', 'txn']) {
    const again = put('else', '', { requestId: name });
    const result = copy.apply(again, copy.appliedIndex + 1);
    expect(result).toEqual({ type: 'request-mismatch', revision });
  }
  const range = del('1', { end: b('3'), prev: true, requestId: 'range' });
  const answer = copy.apply(range, copy.appliedIndex + 1);
  expect(answer).toEqual(machine.apply(range, machine.appliedIndex + 1));
  expect(answer).toMatchObject({ type: 'delete', deleted: 2 });
});

test('a view goes on showing the present after a restore', () => {
  const machine = new StateMachine();
  const { view } = machine;
  const receiver = machine.restore();
  for (const line of filled().snapshot()) receiver.line(line);
  receiver.finish();
  expect(view.get(b('10'))?.value).toBe(b('again'));
  expect([view.revision, view.hash()]).toEqual([filled().view.revision, machine.hash()]);
});

test('what happens after the call is not in the snapshot', () => {
  const machine = filled();
  const expected = [...machine.snapshot()];
  const lines = machine.snapshot()[Symbol.iterator]();
  const read = [String(lines.next().value)];
  let index = machine.appliedIndex;
  for (const command of [
    del('', { open: true, requestId: 'constructor.3' }),
    put('new', 'x', { at: 10_000_000, requestId: 'y' }),
    grant('9'),
    compact(machine.view.revision + 2),
  ]) {
    machine.apply(command, (index += 1));
  }
  while (machine.collect(100));
  for (let next = lines.next(); next.done !== true; next = lines.next()) read.push(next.value);
  expect(read).toEqual(expected);
});

describe('the size of lines', () => {
  test('small items fill lines of 64 KiB, and no line holds a newline', () => {
    const machine = new StateMachine();
    for (let i = 1; i <= 5000; i += 1) {
      machine.apply(put(`key-${i}`, 'line\n'.repeat(10), { requestId: `c${i % 3}.${i}` }), i);
    }
    const lines = [...machine.snapshot()];
    for (const line of lines) {
      expect(line).not.toContain('\n');
      // Of content there are 64 KiB; the newlines are escaped, brackets and commas come to it.
      expect(line.length).toBeLessThan(100 * 1024);
    }
    expect(lines.length).toBeLessThan(30);
    expect(restored(lines).hash()).toBe(machine.hash());
  });

  test('an item that is larger has a line of its own', () => {
    const machine = new StateMachine();
    const large = 'x'.repeat(200 * 1024);
    ['a', 'b', 'c'].forEach((key, i) => machine.apply(put(key, i === 1 ? large : 'x'), i + 1));
    const lines = [...machine.snapshot()];
    expect(lines.map((line) => line.length > large.length)).toEqual([
      false,
      false,
      true,
      false,
      false,
    ]);
    expect(restored(lines).hash()).toBe(machine.hash());
  });

  test('the pairs of a large answer fill lines of their own', () => {
    const rig = new Rig();
    const ops = Array.from({ length: 100 }, (_, i) => putOp(`key-${i}`, 'x'.repeat(5000)));
    rig.apply(txn(ops), del('', { open: true, prev: true, requestId: 'all' }), compact(3));
    const lines = [...rig.machine.snapshot()];
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(100 * 1024);
    expect(rig.copy().machine.hash()).toBe(rig.machine.hash());
  });

  test('a long stretch of keys without anything to write does not make a long step', () => {
    const rig = new Rig();
    rig.apply(put('a', '1'), put('a', '2'), compact(3));
    const ops = (from: number) =>
      Array.from({ length: 100 }, (_, i) => putOp(`key-${from + i}`, '1'));
    for (let i = 0; i < 60; i += 1) rig.apply(txn(ops(1000 * i)));
    const empty = [...rig.machine.snapshot()].filter((line) => line.includes('"items":[]'));
    expect(empty.length).toBeGreaterThan(1);
    expect(rig.copy().machine.hash()).toBe(rig.machine.hash());
  });
});

test('a snapshot behind the state is refused', () => {
  const machine = filled();
  const receiver = machine.restore();
  for (const line of new StateMachine().snapshot()) receiver.line(line);
  expect(() => receiver.finish()).toThrow(`is behind ${machine.appliedIndex}`);
  expect(machine.hash()).toBe(filled().hash());
});

test('restored pairs are the ones of the machine, to the byte', () => {
  const pairs = fc.uniqueArray(fc.tuple(fc.uint8Array(), fc.uint8Array()), {
    selector: ([key]) => bytesOfBuffer(key),
    maxLength: 30,
  });
  fc.assert(
    fc.property(pairs, (all) => {
      const machine = new StateMachine();
      const bytes = all.map(([k, v]) => [bytesOfBuffer(k), bytesOfBuffer(v)] as const);
      bytes.forEach(([key, value], i) => machine.apply(put('', '', { key, value }), i + 1));
      const { view } = restored(machine.snapshot());
      for (const [key, value] of bytes) {
        const found: ByteString | undefined = view.get(key)?.value;
        expect(found).toBe(value);
      }
      expect(view.count(EMPTY_BYTES, null)).toBe(bytes.length);
    }),
    { seed: 2 },
  );
});
