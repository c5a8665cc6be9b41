import { describe, expect, test } from 'bun:test';
import { type Cut, cutProfile, cuttable, flagsOf, UNCUT } from '../../src/sim/cut.ts';
import { PERFECT_NETWORK } from '../../src/sim/sim-network.ts';
import { shrink } from '../../src/sim/shrink.ts';
import { calmWorld, runSeed } from './support/world.ts';

const WHOLE = { invariant: 'x', atMs: 20_000 };

/** Fails as `WHOLE` where `fails` says so, and counts how often it was asked. */
function attempts(fails: (cut: Cut) => boolean) {
  let count = 0;
  const attempt = (cut: Cut) => {
    count += 1;
    return fails(cut) ? { invariant: 'x', atMs: cut.untilMs ?? WHOLE.atMs } : null;
  };
  return { attempt, count: () => count };
}

describe('shrink', () => {
  test('finds a short beginning, and leaves out the faults that are not needed', () => {
    const { attempt, count } = attempts(
      ({ untilMs, without }) => (untilMs ?? 20_000) >= 3_000 && !without.includes('crash'),
    );
    const cut = shrink(WHOLE, ['pause', 'crash', 'network'], attempt);
    expect(cut.untilMs).toBeGreaterThanOrEqual(3_000);
    expect(cut.untilMs).toBeLessThan(3_200);
    expect(cut.without).toEqual(['pause', 'network']);
    expect(count()).toBeLessThan(15);
  });

  test('takes no other failure for the same', () => {
    const cut = shrink(WHOLE, ['pause'], ({ untilMs }) => {
      return { invariant: untilMs !== null && untilMs < 10_000 ? 'y' : 'x', atMs: 1 };
    });
    expect(cut.untilMs).toBeGreaterThanOrEqual(10_000);
  });

  test('leaves the length of a run alone that fails only whole', () => {
    const { attempt } = attempts(({ untilMs }) => untilMs === null);
    expect(shrink(WHOLE, ['pause'], attempt)).toEqual({ untilMs: null, without: ['pause'] });
  });
});

describe('a cut run', () => {
  test('has neither the faults that were left out, nor any after its end', () => {
    const { profile } = calmWorld(3, { faults: new Map([['crash', 100]]) }).world;
    const rough = { ...profile, network: { ...PERFECT_NETWORK, lossRate: 0.1 } };
    expect(cuttable(rough)).toEqual(['crash', 'network']);
    const cut = { untilMs: 1_000, without: ['crash', 'network'] } as const;
    const { faults, network, safetyMs, operations } = cutProfile(rough, cut);
    expect(faults.size).toBe(0);
    expect({ network, safetyMs, operations }).toEqual({
      network: PERFECT_NETWORK,
      safetyMs: 1_000,
      operations: 0,
    });
    expect(flagsOf(cut)).toBe(' --until 1000 --without crash,network');
    expect(flagsOf(UNCUT)).toBe('');
  });

  test('is the same as the whole run up to its end', () => {
    const beginning = (cut: Cut): string[] => {
      const lines: string[] = [];
      runSeed(3, {}, {}, { cut, onLine: (line) => lines.push(line) });
      return lines.slice(1).filter((line) => Number(line.split(' ')[0]) < 5_000);
    };
    expect(beginning({ untilMs: 5_000, without: [] })).toEqual(beginning(UNCUT));
  });

  test('a run without a trace is the same run', () => {
    const traced = runSeed(4);
    const silent = runSeed(4, {}, {}, { trace: false });
    expect(silent.coverage.toJSON()).toEqual(traced.coverage.toJSON());
    expect(silent.simulatedMs).toBe(traced.simulatedMs);
  });
});
