import { expect, test } from 'bun:test';
import { DEFAULT_LIMITS } from '../../../src/node/options.ts';
import { Quota, type QuotaParts } from '../../../src/node/space/quota.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';
import { put } from '../support/node-cluster.ts';
import { watch } from '../support/outcome.ts';

/** A quota of 1,200 bytes over a store that has 1,000, of which 600 are history. */
function setup() {
  const clock = new ManualClock();
  const store = {
    sizeBytes: 1000,
    historyBytes: 600,
    revision: 9,
    compactRevision: 1,
    get: () => undefined,
  };
  const forgotten = Promise.withResolvers<void>();
  const asked: number[] = [];
  const parts: Partial<QuotaParts> = {
    clock,
    store: store as unknown as QuotaParts['store'],
    limits: { ...DEFAULT_LIMITS, quotaBytes: 1200 },
    proposals: { growth: 0 },
    raft: { state: { log: { lastIndex: 0 } } } as QuotaParts['raft'],
    waiters: { whenReached: () => Promise.resolve() },
    history: {
      forget: (bytes) => {
        asked.push(bytes);
        return forgotten.promise;
      },
    },
  };
  const quota = new Quota(parts as QuotaParts);
  const forget = (): void => {
    store.sizeBytes = 500;
    store.historyBytes = 100;
    forgotten.resolve();
  };
  return { clock, quota, asked, forget };
}

test('a write that fits only without history waits until that is forgotten', async () => {
  const { clock, quota, asked, forget } = setup();
  const room = quota.admit(put('k', 'v'.repeat(299)), clock.now() + 1000);
  if (room === null) throw new Error('there is no room yet');
  const admitted = watch(room);
  await clock.advance(500);
  // 500 bytes for the write, and 400 that stay.
  expect([admitted.state, asked]).toEqual(['open', [300]]);
  forget();
  await turn();
  expect(admitted.state).toBe('resolved');
});

test('and is refused, as certainly not done, when that takes too long', async () => {
  const { clock, quota, forget } = setup();
  const room = quota.admit(put('k', 'v'.repeat(299)), clock.now() + 1000);
  if (room === null) throw new Error('there is no room yet');
  const late = watch(room);
  await clock.advance(1000);
  expect([late.code, late.applied]).toEqual(['no-leader', 'no']);
  forget();
});
