/**
 * The same operations, drawn by chance, in a real etcd, a real node over HTTP, the state machine by
 * itself, and the slow model: every answer and every event of every watch must be the same, but for
 * what `differences.ts` explains. The seed and the operation are told of what is not.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { DIFFERENCES } from './differences.ts';
import { campaign } from './support/campaign.ts';
import { BY_HAND } from './support/by-hand.ts';
import { sequenceOf } from './support/generator.ts';
import { play } from './support/play.ts';
import { Rivals } from './support/rivals.ts';

/** In all 10,000 operations. */
const LENGTH = 250;
const SEEDS_PER_TEST = 10;

let rivals: Rivals;
beforeAll(async () => {
  rivals = await Rivals.start({ nodes: 1 });
}, 60_000);
afterAll(async () => {
  await rivals[Symbol.asyncDispose]();
});

// The first test: only here nothing was ever written to the stores.
test('from the very beginning', async () => {
  const { sequence, met } = BY_HAND.beginning;
  const played = await play([...sequence, ...sequenceOf(0, LENGTH)], rivals.systems, {
    isFresh: true,
  });
  expect([...played.met]).toContain(met);
});

test.each(Object.entries(BY_HAND))('what is known to differ: %s', async (name, known) => {
  const played = await play(known.sequence, rivals.systems);
  // The beginning does not come again.
  expect([...played.met]).toEqual(name === 'beginning' ? [] : [known.met]);
});

test('each difference has been shown', () => {
  const shown = new Set<string>(Object.values(BY_HAND).map(({ met }) => met));
  expect(shown).toEqual(new Set(DIFFERENCES.map(({ name }) => name)));
});

test.each([1, 2, 3, 4])('by chance, part %d', async (part) => {
  const first = (part - 1) * SEEDS_PER_TEST + 1;
  const seeds = Array.from({ length: SEEDS_PER_TEST }, (_, i) => first + i);
  const { answers, events } = await campaign({ seeds, length: LENGTH }, rivals.systems);
  // They must be rich enough to prove something.
  expect(events).toBeGreaterThan(500);
  const rare = [...answers].filter(([, count]) => count < 2);
  expect(rare).toEqual([]);
  expect([...answers.keys()].toSorted()).toEqual(ANSWERS);
});

const ANSWERS = [
  ['compact', 'compacted', 'delete', 'duplicate-key', 'future-revision', 'get', 'invalid'],
  ['key-not-found', 'lease-exists', 'lease-get', 'lease-grant', 'lease-keepalive'],
  ['lease-list', 'lease-not-found', 'lease-revoke', 'put', 'too-many-operations', 'txn'],
  ['valid', 'watch'],
].flat();
