import { describe, expect, test } from 'bun:test';
import type { LeaseId } from '../../../src/kv/command.ts';
import { type ByteString, bytesOfText } from '../../../src/lib/bytes.ts';
import { Prng } from '../../../src/lib/prng.ts';
import { contenderKey, contendersOf, leaseOfKey } from '../../../src/node/locks/contender.ts';
import { FakeNode } from '../../support/fake-node.ts';

const NAME = bytesOfText('a');

function put(node: FakeNode, key: string): void {
  const value = bytesOfText('');
  node.apply({ kind: 'put', key: bytesOfText(key), value, condition: null, prev: false });
}

function keysOf(node: FakeNode, name: string): string[] {
  return contendersOf(node.store, bytesOfText(name)).map(({ pair }) => pair.key);
}

describe('the key of a contender', () => {
  test.each([
    ['1', 'a/1'],
    ['255', 'a/ff'],
    ['9223372036854775807', 'a/7fffffffffffffff'],
  ])('of the lease %s is %s, and back', (lease, key) => {
    expect(contenderKey(NAME, lease as LeaseId)).toBe(key as ByteString);
    expect(leaseOfKey(NAME, key as ByteString)).toBe(lease as LeaseId);
  });

  test.each([
    'a',
    'a/',
    'a/0',
    'a/01',
    'a/FF',
    'a/g',
    'a/f/f',
    'a/b/1',
    'b/1',
    'aa/1',
    'a1',
    'a/8000000000000000',
    'a/11111111111111111',
    'a/1\n',
  ])('%j is none', (key) => {
    expect(leaseOfKey(NAME, key as ByteString)).toBeNull();
  });
});

describe('the queue of a name', () => {
  test('is in the order of creation, whatever the keys, and however often they are written', () => {
    const node = new FakeNode();
    for (const key of ['a/f', 'a/1', 'a/5', 'a/f', 'a/1']) put(node, key);
    expect(keysOf(node, 'a')).toEqual(['a/f', 'a/1', 'a/5']);
  });

  test('has no say in the queues of shorter or longer names', () => {
    const node = new FakeNode();
    for (const key of ['a/b/1', 'a/2', 'ab/3', 'a/b/c/4', 'a/note']) put(node, key);
    expect(keysOf(node, 'a')).toEqual(['a/2']);
    expect(keysOf(node, 'a/b')).toEqual(['a/b/1']);
    expect(keysOf(node, 'a/b/c')).toEqual(['a/b/c/4']);
  });

  test('has one first even when one transaction created two', () => {
    const node = new FakeNode();
    const op = (key: string) => ({ type: 'put', key: bytesOfText(key), value: NAME }) as const;
    node.apply({ kind: 'txn', compare: [], success: [op('a/2'), op('a/1')], failure: [] });
    expect(keysOf(node, 'a')).toEqual(['a/1', 'a/2']);
  });

  test.each([15, 16, 17, 48, 500])('is found whole, with %d in it', (count) => {
    const node = new FakeNode();
    const keys = Array.from({ length: count }, (_, at) => `a/${(count - at).toString(16)}`);
    for (const key of keys) put(node, key);
    expect(keysOf(node, 'a')).toEqual(keys);
  });

  test('is found among any other keys, as by looking at each of them', () => {
    const prng = new Prng(7);
    const node = new FakeNode();
    const parts = ['0', '1', 'ff', 'g', 'Z', 'dead', 'beef1', '7', '~', ''];
    for (let i = 0; i < 2000; i += 1) {
      const depth = 1 + prng.between(0, 3);
      const path = Array.from({ length: depth }, () => {
        const part = prng.pick(parts);
        return prng.chance(0.5) ? part : `${part}${prng.between(0, 900).toString(16)}`;
      });
      put(node, ['a', ...path].join('/'));
    }
    const everything = node.store.range(bytesOfText(''), null, 10_000);
    const names = new Set(everything.map(({ key }) => key.slice(0, key.lastIndexOf('/'))));
    for (const name of names) {
      const expected = everything
        .filter(({ key }) => leaseOfKey(name as ByteString, key) !== null)
        .sort((x, y) => x.createRevision - y.createRevision)
        .map(({ key }) => key as string);
      expect(contendersOf(node.store, name as ByteString).map(({ pair }) => `${pair.key}`)).toEqual(
        expected,
      );
    }
    expect(names.size).toBeGreaterThan(50);
  });

  test('is found in few reads, however many names lie below it', () => {
    const node = new FakeNode();
    for (let i = 0; i < 5000; i += 1) put(node, `a/b/${(i + 1).toString(16)}`);
    put(node, 'a/c');
    let read = 0;
    const store = Object.create(node.store, {
      range: {
        value: (start: ByteString, end: ByteString | null, limit: number) => {
          const page = node.store.range(start, end, limit);
          read += page.length;
          return page;
        },
      },
    });
    expect(contendersOf(store, NAME)).toHaveLength(1);
    expect(read).toBeLessThan(100);
  });
});
