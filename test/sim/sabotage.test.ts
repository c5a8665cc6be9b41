import { expect, test } from 'bun:test';
import type { Batch, Storage } from '../../src/storage/storage.ts';
import { runSeed } from './support/world.ts';

test('a storage that answers before it is durable is found', () => {
  const report = runSeed(
    1,
    { size: 3 },
    {
      storage: wrapped((inner, batch) => {
        inner.append(batch).catch(() => undefined);
        return Promise.resolve();
      }),
    },
  );
  expect(report.failure?.invariant).toMatch(/durable/);
});

test('a storage that forgets votes is found', () => {
  const report = runSeed(
    1,
    { size: 3 },
    {
      storage: wrapped((inner, { state, entries }) =>
        inner.append({ state: state && { ...state, vote: null }, entries }),
      ),
    },
  );
  expect(report.failure?.invariant).toBe('durable before it is said');
});

test('a disk that lies about what it wrote is found', () => {
  const report = runSeed(
    1,
    { size: 3, faults: new Map([['crash', 1_000]]) },
    {
      disk: ({ kind, number }) => {
        return kind === 'write' && number % 97 === 0 ? { type: 'lost-write' } : null;
      },
    },
  );
  expect(report.failure).not.toBeNull();
});

test('without sabotage the same worlds are good', () => {
  expect(runSeed(1, { size: 3 }).failure).toBeNull();
  const crashing = runSeed(1, { size: 3, faults: new Map([['crash', 1_000]]) });
  expect(crashing.failure).toBeNull();
});

/** A storage with another `append`. */
function wrapped(append: (inner: Storage, batch: Batch) => Promise<void>) {
  return (inner: Storage): Storage =>
    new Proxy(inner, {
      get: (target, property) => {
        if (property === 'append') return (batch: Batch) => append(target, batch);
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
}
