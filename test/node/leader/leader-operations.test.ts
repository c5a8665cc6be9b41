import { expect, test } from 'bun:test';
import { leaderOperations, type LeaderParts } from '../../../src/node/leader/leader-operations.ts';

const operations = leaderOperations({ membership: {} } as LeaderParts);

test('a refusal of an attempt is told apart from an answer to the request', () => {
  const refuses = (type: string): boolean | undefined => {
    return operations.get('propose')?.refuses?.({ type, revision: 2 });
  };
  expect(['request-expired', 'too-many-requests'].map(refuses)).toEqual([true, true]);
  // These are the same whenever and however often the request is sent.
  const answers = ['put', 'condition-failed', 'request-mismatch', 'lease-not-found', 'txn'];
  expect(answers.map(refuses)).toEqual(answers.map(() => false));
});

test('what would be done twice if it were done again is not done again by itself', () => {
  const mayRepeat = (name: string, body: unknown): boolean | undefined => {
    return operations.get(name)?.mayRepeat(body);
  };
  expect(mayRepeat('add-member', { id: null, name: null, url: 'http://n' })).toBe(false);
  expect(mayRepeat('add-member', { id: '7', name: null, url: 'http://n' })).toBe(true);
  expect([mayRepeat('transfer', null), mayRepeat('transfer', '7')]).toEqual([false, true]);
});
