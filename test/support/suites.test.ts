import { expect, test } from 'bun:test';
import { filesOf, SUITES } from './suites.ts';

const FILES = [
  'test/differential/etcd.test.ts',
  'test/e2e/kill.test.ts',
  'test/hostile/table.test.ts',
  'test/raft/log.test.ts',
  'test/sim/seeds.test.ts',
  'test/tidy.test.ts',
];

function shares(...filters: string[]): Record<string, string[]> {
  return Object.fromEntries(SUITES.map((suite) => [suite.name, filesOf(suite, FILES, filters)]));
}

test('every file is in exactly one suite', () => {
  expect(shares()).toEqual({
    unit: ['test/raft/log.test.ts', 'test/tidy.test.ts'],
    simulator: ['test/sim/seeds.test.ts'],
    differential: ['test/differential/etcd.test.ts'],
    hostile: ['test/hostile/table.test.ts'],
    e2e: ['test/e2e/kill.test.ts'],
  });
});

test('a filter is a part of a path', () => {
  expect(shares('./test/raft', 'kill')).toEqual({
    unit: ['test/raft/log.test.ts'],
    simulator: [],
    differential: [],
    hostile: [],
    e2e: ['test/e2e/kill.test.ts'],
  });
  expect(shares('nothing')).toEqual({
    unit: [],
    simulator: [],
    differential: [],
    hostile: [],
    e2e: [],
  });
});
