import { describe, expect, test } from 'bun:test';
import { Prng } from '../../src/lib/prng.ts';
import { LogShape } from '../../src/storage/log-shape.ts';

/** Adds entries given as `index@term`; what became of each. */
function add(shape: LogShape, ...items: string[]): string[] {
  return items.map((item) => {
    const [index = 0, term = 0] = item.split('@').map(Number);
    const placement = shape.place(index, term);
    shape.accept(index, term, placement);
    return placement.type;
  });
}

describe('where an entry goes', () => {
  test('one after another', () => {
    const shape = new LogShape(0, 0);
    expect(add(shape, '1@1', '2@1', '3@4')).toEqual(['next', 'next', 'next']);
    expect(shape.last).toBe(3);
    expect([0, 1, 2, 3, 4].map((index) => shape.termAt(index))).toEqual([0, 1, 1, 4, undefined]);
  });

  test.each([
    ['a gap', '5@3'],
    ['a term below the last', '4@1'],
    ['a term below the one before', '2@0'],
    ['an index of 0', '0@9'],
  ])('refused: %s', (_, item) => {
    const shape = new LogShape(0, 0);
    add(shape, '1@1', '2@1', '3@2');
    shape.commit(1);
    expect(add(shape, item)).toEqual(['refused']);
    expect(shape.last).toBe(3);
  });

  test('held, and replaced with everything after it', () => {
    const shape = new LogShape(0, 0);
    add(shape, '1@1', '2@1', '3@2', '4@2');
    expect(add(shape, '2@1', '3@2')).toEqual(['held', 'held']);
    expect(add(shape, '2@3')).toEqual(['replaces']);
    expect(shape.last).toBe(2);
    expect(shape.termAt(3)).toBeUndefined();
    expect(shape.termAt(1)).toBe(1);
  });

  test('an entry of an older term replaces a newer one that no quorum had (Figure 8 c)', () => {
    const shape = new LogShape(0, 0);
    add(shape, '1@1', '2@3', '3@3');
    expect(add(shape, '2@2', '3@4')).toEqual(['replaces', 'next']);
    expect([1, 2, 3].map((index) => shape.termAt(index))).toEqual([1, 2, 4]);
  });

  test('replaced by an entry of an older term that a newer leader kept (Figure 8 c)', () => {
    const shape = new LogShape(0, 0);
    add(shape, '1@1', '2@3', '3@3');
    expect(add(shape, '2@2', '3@4')).toEqual(['replaces', 'next']);
    expect([1, 2, 3, 4].map((index) => shape.termAt(index))).toEqual([1, 2, 4, undefined]);
  });

  test('what a snapshot holds is never replaced', () => {
    const shape = new LogShape(0, 0);
    add(shape, '1@1', '2@1', '3@1');
    shape.commit(2);
    expect(add(shape, '2@5')).toEqual(['refused']);
    expect(add(shape, '3@5')).toEqual(['replaces']);
  });

  test('a log that begins in the middle can be replaced from before its beginning', () => {
    const shape = new LogShape(100, null);
    add(shape, '101@3');
    expect(add(shape, '90@3')).toEqual(['refused']);
    expect(add(shape, '90@4', '91@4')).toEqual(['replaces', 'next']);
    expect(shape.base).toBe(89);
    expect(shape.termAt(101)).toBeUndefined();
  });

  test('a snapshot of the leader replaces the log', () => {
    const shape = new LogShape(0, 0);
    add(shape, '1@1', '2@1');
    shape.reset(50, 7);
    expect([shape.base, shape.last, shape.termAt(50), shape.termAt(1)]).toEqual([
      50,
      50,
      7,
      undefined,
    ]);
    expect(add(shape, '51@6', '51@7', '3@9')).toEqual(['refused', 'next', 'refused']);
  });
});

/** The obvious way: a list of terms. */
class SlowShape {
  base = 0;
  baseTerm = 0;
  terms: number[] = [];

  place(index: number, term: number): string {
    const last = this.base + this.terms.length;
    if (index > last + 1 || index <= this.base) return 'refused';
    if (index === last + 1) return term < (this.terms.at(-1) ?? this.baseTerm) ? 'refused' : 'next';
    const held = this.terms[index - this.base - 1] ?? 0;
    if (held === term) return 'held';
    return term < (this.terms[index - this.base - 2] ?? this.baseTerm) ? 'refused' : 'replaces';
  }

  accept(index: number, term: number, placement: string): void {
    if (placement === 'replaces') this.terms.length = index - this.base - 1;
    if (placement === 'next' || placement === 'replaces') this.terms.push(term);
  }

  forget(index: number): void {
    this.baseTerm = this.terms[index - this.base - 1] ?? this.baseTerm;
    this.terms = this.terms.slice(index - this.base);
    this.base = index;
  }
}

test('agrees with a plain list of terms', () => {
  const prng = new Prng(5);
  for (let round = 0; round < 200; round += 1) {
    const fast = new LogShape(0, 0);
    const slow = new SlowShape();
    for (let step = 0; step < 60; step += 1) {
      const last = slow.base + slow.terms.length;
      if (slow.terms.length > 1 && prng.chance(0.05)) {
        const index = prng.between(slow.base + 1, last + 1);
        fast.commit(index);
        fast.forget(index);
        slow.forget(index);
      }
      const index = prng.between(slow.base + 1, slow.base + slow.terms.length + 3);
      const term = prng.between(1, 5) + Math.floor(step / 10);
      const placement = fast.place(index, term);
      expect(placement.type).toBe(slow.place(index, term) as typeof placement.type);
      fast.accept(index, term, placement);
      slow.accept(index, term, placement.type);
      expect(fast.last).toBe(slow.base + slow.terms.length);
      for (const [at, held] of slow.terms.entries()) {
        expect(fast.termAt(slow.base + 1 + at)).toBe(held);
      }
    }
  }
});
