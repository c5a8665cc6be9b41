import { describe, expect, test } from 'bun:test';
import { AutoCompaction, COMPACTION_LIMITS } from '../../src/kv/auto-compaction.ts';

const MINUTE = 60_000;

/** A store of which a compaction at a revision leaves a byte for each later one. */
function storeAt(revision: number, compactRevision = 0, historyBytes = 0) {
  return {
    revision,
    compactRevision,
    historyBytes,
    revisionLeaving: (bytes: number) => Math.ceil(revision - bytes),
  };
}

describe('by time and number', () => {
  test('nothing is known of what was before it began', () => {
    const policy = new AutoCompaction();
    for (const at of [0, 1, 2, 3, 4, 4.999]) {
      expect(policy.propose(at * MINUTE, storeAt(1e6))).toBeNull();
    }
    expect(policy.propose(5 * MINUTE, storeAt(1e6))).toBe(1e6 - 10_000);
  });

  test('what was newest five minutes ago is kept', () => {
    const policy = new AutoCompaction();
    policy.propose(0, storeAt(50_000));
    policy.propose(MINUTE, storeAt(100_000));
    policy.propose(3 * MINUTE, storeAt(150_000));
    expect(policy.propose(5 * MINUTE, storeAt(200_000))).toBe(50_000);
    expect(policy.propose(5.9 * MINUTE, storeAt(200_000))).toBe(50_000);
    expect(policy.propose(6 * MINUTE, storeAt(200_000, 50_000))).toBe(100_000);
    expect(policy.propose(10 * MINUTE, storeAt(200_000, 100_000))).toBe(190_000);
  });

  test('ten thousand revisions are kept, and a thousand make a compaction worth it', () => {
    const policy = new AutoCompaction();
    policy.propose(0, storeAt(20_000));
    const ask = (revision: number, compacted: number) =>
      policy.propose(10 * MINUTE, storeAt(revision, compacted));
    expect(ask(20_000, 0)).toBe(10_000);
    expect(ask(20_000, 9000)).toBe(10_000);
    expect(ask(20_000, 9001)).toBeNull();
    expect(new AutoCompaction().propose(10 * MINUTE, storeAt(9000))).toBeNull();
  });

  test('a new leader does not go by what it saw before', () => {
    const policy = new AutoCompaction();
    policy.propose(0, storeAt(50_000));
    policy.reset();
    expect(policy.propose(5 * MINUTE, storeAt(100_000))).toBeNull();
    expect(policy.propose(10 * MINUTE, storeAt(100_000))).toBe(90_000);
  });
});

describe('by bytes', () => {
  const limits = { ...COMPACTION_LIMITS, bytes: 800 };

  test('too much goes, whatever else would be kept', () => {
    const policy = new AutoCompaction(limits);
    expect(policy.propose(0, storeAt(5000, 0, 800))).toBeNull();
    // To seven eighths, so that there is room.
    expect(policy.propose(0, storeAt(5000, 0, 801))).toBe(4300);
  });

  test('if more is dispensable, more goes', () => {
    const policy = new AutoCompaction({ ...limits, keepRevisions: 10 });
    policy.propose(0, storeAt(4900, 0, 0));
    expect(policy.propose(5 * MINUTE, storeAt(5000, 0, 801))).toBe(4900);
  });

  test('what is compacted already is not proposed again', () => {
    const policy = new AutoCompaction(limits);
    expect(policy.propose(0, storeAt(5000, 4300, 801))).toBeNull();
    expect(policy.propose(0, storeAt(5000, 4299, 801))).toBe(4300);
  });
});

test('the standard limits are the promised ones', () => {
  expect(COMPACTION_LIMITS).toMatchObject({
    keepRevisions: 10_000,
    keepMs: 5 * MINUTE,
    bytes: 256 * 2 ** 20,
  });
});
