import { describe, expect, test } from 'bun:test';
import type { TxnOp } from '../../src/kv/command.ts';
import { validateTxn } from '../../src/kv/txn-rules.ts';
import { b, compare, delOp, getOp, putOp, txn, txnOp } from './support/commands.ts';
import { Rig } from './support/rig.ts';

const range = { end: b('c') };

describe('writes that meet', () => {
  test.each<[string, readonly TxnOp[]]>([
    ['two puts', [putOp('a', '1'), putOp('a', '1')]],
    ['a put and a delete', [putOp('a', ''), delOp('a')]],
    ['a delete and a put', [delOp('a'), putOp('a', '')]],
    ['a put into a deleted range', [delOp('a', range), putOp('b', '')]],
    ['a deleted range over a put', [putOp('b', ''), delOp('a', range)]],
    ['everything deleted', [delOp('', { open: true }), putOp('z', '')]],
    ['parent and child', [putOp('a', ''), txnOp([], [putOp('a', '')])]],
    ['child and parent', [txnOp([], [], [putOp('a', '')]), putOp('a', '')]],
    ['a range of the child', [putOp('b', ''), txnOp([], [], [delOp('a', range)])]],
    ['a put of the child', [delOp('a', range), txnOp([], [putOp('b', '')])]],
    ['grandparent and grandchild', [putOp('a', ''), txnOp([], [txnOp([], [putOp('a', '')])])]],
    ['two children', [txnOp([], [putOp('a', '')]), txnOp([], [], [putOp('a', '')])]],
    ['a delete after it in another child', [txnOp([], [putOp('a', '')]), txnOp([], [delOp('a')])]],
    ['within a child', [txnOp([], [], [putOp('a', ''), putOp('a', '')])]],
    ['hostile names', [putOp('__proto__', ''), putOp('__proto__', '')]],
  ])('%s', (_name, ops) => {
    expect(validateTxn(txn(ops))).toBe('duplicate-key');
    expect(validateTxn(txn([], { failure: ops }))).toBe('duplicate-key');
    const refused = { type: 'invalid-command', revision: 1, reason: 'duplicate-key' } as const;
    expect(new Rig().apply(txn(ops))).toEqual(refused);
  });
});

describe('writes that do not meet', () => {
  test.each<[string, readonly TxnOp[]]>([
    ['different keys', [putOp('a', ''), putOp('b', ''), delOp('c')]],
    ['overlapping deletes', [delOp('a', range), delOp('b'), delOp('a', { open: true })]],
    ['beside a range', [delOp('a', range), putOp('c', ''), putOp('', '')]],
    ['an empty range', [putOp('b', ''), delOp('c', { end: b('a') })]],
    ['reads', [putOp('a', ''), getOp('a'), getOp('a')]],
    ['both ways of a child', [txnOp([], [putOp('a', '')], [putOp('a', '')])]],
    ['both ways of a child, put and deleted', [txnOp([], [putOp('a', '')], [delOp('a')])]],
  ])('%s', (_name, ops) => {
    expect(validateTxn(txn(ops))).toBeNull();
    expect(new Rig().apply(txn(ops)).type).toBe('txn');
  });

  test('both ways of the whole', () => {
    expect(validateTxn(txn([putOp('a', '')], { failure: [putOp('a', '')] }))).toBeNull();
  });
});

describe('how many operations', () => {
  const gets = (n: number): TxnOp[] => Array.from({ length: n }, () => getOp('a'));
  const compares = (n: number) => Array.from({ length: n }, () => compare('a', 'mod', '=', 0));

  test.each<[number, number, number, boolean]>([
    [128, 128, 128, true],
    [129, 0, 0, false],
    [0, 129, 0, false],
    [0, 0, 129, false],
  ])('%p compares, %p and %p operations', (n, success, failure, isTaken) => {
    const many = txn(gets(success), { compare: compares(n), failure: gets(failure) });
    expect(validateTxn(many)).toBe(isTaken ? null : 'too-many-operations');
    const { type } = new Rig().apply(many);
    expect(type).toBe(isTaken ? 'txn' : 'invalid-command');
  });

  test('ways that exclude each other are counted too, in all', () => {
    const both = (inner: readonly TxnOp[]): TxnOp => txnOp([], inner, inner);
    const tree = (leaves: number): readonly TxnOp[] => {
      return leaves === 1 ? gets(1) : [both(tree(leaves / 2))];
    };
    // A tree of 512 has as many leaves, and one node less.
    const large = [...tree(512), ...tree(512)];
    const rest = 2048 - 2 * 1023;
    expect(validateTxn(txn(large, { compare: compares(rest) }))).toBeNull();
    for (const many of [
      txn(large, { compare: compares(rest + 1) }),
      txn(large, { failure: gets(rest + 1) }),
      txn(tree(2 ** 14)),
    ]) {
      expect(validateTxn(many)).toBe('too-many-operations');
    }
  });

  test('nested ones share them', () => {
    const withNested = (outer: number, ...inner: readonly number[]) =>
      validateTxn(txn([...gets(outer), ...inner.map((n) => txnOp([], gets(n)))]));
    expect(withNested(99, 28)).toBeNull();
    expect(withNested(99, 29)).toBe('too-many-operations');
    expect(withNested(0, 63, 63)).toBeNull();
    expect(withNested(0, 63, 64)).toBe('too-many-operations');
    expect(validateTxn(txn([txnOp(compares(128), [])]))).toBe('too-many-operations');
    expect(validateTxn(txn([txnOp(compares(127), gets(127), gets(127))]))).toBeNull();
  });

  test('nesting is bounded too, and cannot exhaust the stack', () => {
    const deep = (depth: number): TxnOp => {
      let op: TxnOp = getOp('a');
      for (let i = 1; i < depth; i += 1) op = txnOp([], [op]);
      return op;
    };
    expect(new Rig().apply(txn([deep(128)])).type).toBe('txn');
    expect(new Rig().apply(txn([deep(129)])).type).toBe('invalid-command');
    // So deep that whoever went through all of it would have no stack left.
    expect(new Rig().apply(txn([deep(200_000)])).type).toBe('invalid-command');
  });
});
