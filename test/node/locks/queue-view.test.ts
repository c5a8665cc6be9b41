import { describe, expect, test } from 'bun:test';
import { type ByteString, bytesOfText } from '../../../src/lib/bytes.ts';
import { Prng } from '../../../src/lib/prng.ts';
import { contendersOf } from '../../../src/node/locks/contender.ts';
import { QueueView, QueueViews } from '../../../src/node/locks/queue-view.ts';
import { FakeNode } from '../../support/fake-node.ts';

const NAME = bytesOfText('a');
const VALUE = bytesOfText('v');

function put(node: FakeNode, key: string): void {
  node.apply({ kind: 'put', key: bytesOfText(key), value: VALUE, condition: null, prev: false });
}

function remove(node: FakeNode, key: string): void {
  const range = { key: bytesOfText(key), end: null, open: false };
  node.apply({ kind: 'delete', ...range, condition: null, prev: false });
}

/** Counts who is woken how often. */
function counters(view: QueueView, keys: readonly string[]): Record<string, number> {
  const woken: Record<string, number> = {};
  for (const key of keys) {
    woken[key] = 0;
    view.wait(bytesOfText(key), () => {
      woken[key] = (woken[key] ?? 0) + 1;
    });
  }
  return woken;
}

describe('a view', () => {
  test('says the same as the store, after whatever was written', () => {
    const prng = new Prng(3);
    const node = new FakeNode();
    const view = new QueueView(node, NAME);
    const key = (): ByteString => bytesOfText(`a/${(1 + prng.between(0, 12)).toString(16)}`);
    for (let i = 0; i < 3000; i += 1) {
      const [first, second] = [key(), key()];
      const kind = prng.between(0, 4);
      if (kind === 0) remove(node, first);
      else if (kind === 1) put(node, first);
      else {
        const success = [{ type: 'put', key: first, value: VALUE } as const];
        const other =
          kind === 2 ? { type: 'delete' as const } : { type: 'put' as const, value: VALUE };
        const ops = first === second ? success : [...success, { ...other, key: second }];
        node.apply({ kind: 'txn', compare: [], success: ops, failure: [] });
      }
      const expected = contendersOf(node.store, NAME);
      expect(view.first).toEqual(expected[0] ?? null);
      for (const [n, contender] of expected.entries()) {
        expect(view.get(contender.pair.key)).toEqual(contender);
        expect(view.before(contender.pair.key)).toEqual(expected[n - 1] ?? null);
      }
    }
  });

  test('wakes whoever becomes the first, and nobody else', () => {
    const node = new FakeNode();
    const view = new QueueView(node, NAME);
    const keys = ['a/9', 'a/5', 'a/7', 'a/1'];
    for (const key of keys) put(node, key);
    const woken = counters(view, keys);
    remove(node, 'a/5');
    expect(woken).toEqual({ 'a/9': 0, 'a/5': 1, 'a/7': 0, 'a/1': 0 });
    remove(node, 'a/9');
    expect(woken).toEqual({ 'a/9': 1, 'a/5': 1, 'a/7': 1, 'a/1': 0 });
    put(node, 'a/7');
    put(node, 'a/3');
    put(node, 'a/b/c');
    expect(woken).toEqual({ 'a/9': 1, 'a/5': 1, 'a/7': 1, 'a/1': 0 });
  });

  test('wakes a key that is deleted and created again at once: its place is another', () => {
    const node = new FakeNode();
    put(node, 'a/1');
    const view = new QueueView(node, NAME);
    const woken = counters(view, ['a/1']);
    remove(node, 'a/1');
    put(node, 'a/1');
    expect(woken['a/1']).toBe(2);
  });

  test('looks again, and lets all look, when a snapshot took the place of the store', () => {
    const node = new FakeNode();
    const view = new QueueView(node, NAME);
    put(node, 'a/1');
    put(node, 'a/2');
    const woken = counters(view, ['a/1', 'a/2']);
    const told: number[] = [];
    view.observe((revision) => told.push(revision));
    node.machine.listen(null);
    remove(node, 'a/1');
    expect(view.first?.pair.key).toBe(bytesOfText('a/1'));
    node.changes.jumped();
    expect(view.first?.pair.key).toBe(bytesOfText('a/2'));
    expect(woken).toEqual({ 'a/1': 1, 'a/2': 1 });
    expect(told).toEqual([node.store.revision]);
  });

  test('is shared by all who look at a name, and goes with the last of them', () => {
    const node = new FakeNode();
    const views = new QueueViews(node);
    const first = views.open(NAME);
    const second = views.open(NAME);
    const other = views.open(bytesOfText('b'));
    expect(second.view).toBe(first.view);
    expect(other.view).not.toBe(first.view);
    expect(node.changes.size).toBe(2);
    first.close();
    first.close();
    expect(views.open(NAME).view).toBe(second.view);
    expect(views.size).toBe(2);
    other.close();
    second.close();
    expect(node.changes.size).toBe(1);
  });
});
