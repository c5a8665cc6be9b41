import { describe, expect, test } from 'bun:test';
import { createEntry, type Entry } from '../../../src/raft/entry.ts';
import { Proposals } from '../../../src/node/loop/proposals.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { turn } from '../support/manual-clock.ts';
import { watch } from '../support/outcome.ts';

function entry(index: number, term: number): Entry {
  return createEntry(index, term, { v: 1, kind: 'put', requestId: null, at: 0, by: null });
}

const BYTES = entry(1, 1).json.length;

describe('a proposal', () => {
  test('gets the result of its entry', async () => {
    const proposals = new Proposals<string>();
    const first = watch(proposals.add(entry(5, 2), 100));
    const second = watch(proposals.add(entry(6, 2), 100));
    expect([proposals.count, proposals.bytes]).toEqual([2, 2 * BYTES]);
    proposals.applied(entry(5, 2), 'five');
    proposals.applied(entry(7, 2), 'seven');
    await turn();
    expect([first.value, second.state]).toEqual(['five', 'open']);
    expect([proposals.count, proposals.bytes]).toEqual([1, BYTES]);
  });

  test('certainly never was when another entry is applied at its index', async () => {
    const proposals = new Proposals<string>();
    const proposal = watch(proposals.add(entry(5, 2), 100));
    proposals.applied(entry(5, 3), 'other');
    await turn();
    expect([proposal.code, proposal.applied]).toEqual(['leader-changed', 'no']);
  });

  test('is not given up for lost when its index is given out anew', async () => {
    const proposals = new Proposals<string>();
    const lost = watch(proposals.add(entry(5, 1), 100));
    const again = watch(proposals.add(entry(5, 3), 100));
    await turn();
    expect([lost.state, again.state, proposals.count]).toEqual(['open', 'open', 2]);
    // Another node had the first one, and led in term 4.
    proposals.applied(entry(5, 1), 'the first');
    await turn();
    expect([lost.value, again.code]).toEqual(['the first', 'leader-changed']);
    expect([proposals.count, proposals.bytes]).toEqual([0, 0]);
  });

  test('is unknown when a snapshot goes past it', async () => {
    const proposals = new Proposals<string>();
    const past = watch(proposals.add(entry(5, 1), 100));
    const beyond = watch(proposals.add(entry(6, 1), 100));
    proposals.skipped(5);
    await turn();
    expect([past.code, past.applied, beyond.state]).toEqual(['timeout', 'unknown', 'open']);
  });

  test('is unknown at its deadline, and counts until it is applied', async () => {
    const proposals = new Proposals<string>();
    const brief = watch(proposals.add(entry(5, 1), 100));
    const patient = watch(proposals.add(entry(6, 1), 200));
    proposals.expire(99);
    await turn();
    expect(brief.state).toBe('open');
    proposals.expire(100);
    await turn();
    expect([brief.applied, patient.state]).toEqual(['unknown', 'open']);
    expect([proposals.count, proposals.awaited, proposals.bytes]).toEqual([2, 1, 2 * BYTES]);
    proposals.applied(entry(5, 1), 'late');
    proposals.expire(200);
    await turn();
    expect(patient.applied).toBe('unknown');
    expect([proposals.count, proposals.awaited]).toEqual([1, 0]);
  });

  test('that has ended is forgotten by a node that does not lead', async () => {
    const proposals = new Proposals<string>();
    const outcomes = [5, 6, 7].map((index) => watch(proposals.add(entry(index, 1), index)));
    proposals.expire(6);
    proposals.forgetEnded();
    await turn();
    expect(outcomes.map(({ state }) => state)).toEqual(['rejected', 'rejected', 'open']);
    expect([proposals.count, proposals.awaited, proposals.bytes]).toEqual([1, 1, BYTES]);
  });

  test('that still waits is kept, though the one after it at its index has ended', async () => {
    const proposals = new Proposals<string>();
    const patient = watch(proposals.add(entry(5, 1), 200));
    const brief = watch(proposals.add(entry(5, 3), 100));
    proposals.expire(100);
    proposals.forgetEnded();
    await turn();
    expect([patient.state, brief.applied]).toEqual(['open', 'unknown']);
    proposals.applied(entry(5, 1), 'the first');
    await turn();
    expect([patient.value, proposals.count, proposals.awaited]).toEqual(['the first', 0, 0]);
  });

  test('ends when the node does, and so does any that comes later', async () => {
    const proposals = new Proposals<string>();
    const open = watch(proposals.add(entry(5, 1), 100));
    proposals.abandon(new ApiError('node-stopped', 'stopped'));
    const late = watch(proposals.add(entry(6, 1), 100));
    await turn();
    expect([open.code, late.code, proposals.count]).toEqual(['node-stopped', 'node-stopped', 0]);
  });
});

test('a look at 20,000 that wait costs nothing while none is over', () => {
  const proposals = new Proposals<string>();
  for (let index = 1; index <= 20_000; index += 1) {
    proposals.add(entry(index, 1), 5000 + index).catch(() => undefined);
  }
  const began = performance.now();
  for (let tick = 0; tick < 20_000; tick += 1) proposals.expire(tick / 10);
  // A walk through all of them at each look would be 400 million steps.
  expect(performance.now() - began).toBeLessThan(100);
  expect(proposals.count).toBe(20_000);
});
