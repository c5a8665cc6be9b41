/** What members say to each other about their states, and whom they believe. */
import { describe, expect, test } from 'bun:test';
import { silentLogger } from '../../../src/lib/logger.ts';
import type { MemberId } from '../../../src/lib/ids.ts';
import { HashCheck, type HashCheckParts } from '../../../src/node/hashes/hash-check.ts';
import { HashPoints } from '../../../src/node/hashes/hash-points.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import type { ForwardRequest } from '../../../src/transport/transport.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';
import { idOf, memberOf } from '../support/node-cluster.ts';

const [SELF, LEADER, OTHER] = [idOf(1), idOf(2), idOf(3)];
const FORM = 1;

interface World {
  readonly role?: string;
  /** What a member answers to an operation; null for a broken connection. */
  readonly answer?: (to: MemberId, operation: string) => unknown;
  readonly isConfirmed?: boolean;
}

/** The check of member 1, whose state hashes to `own`, and what it did. */
function setup({ role = 'follower', answer = () => null, isConfirmed = true }: World = {}) {
  const clock = new ManualClock();
  const applied = { index: 300 };
  const points = new HashPoints({ hash: () => 'own' }, () => applied.index);
  const asked: string[] = [];
  const fenced: unknown[] = [];
  const members = [SELF, LEADER, OTHER].map(memberOf);
  const state = { id: SELF, leader: LEADER, term: 4, role: { name: role } };
  const parts = {
    raft: { state: { ...state, history: { latest: { members } } } },
    clock,
    logger: silentLogger,
    events: { emit: () => undefined },
    driver: { input: () => asked.push('hand-over'), flush: () => undefined },
    points,
    transport: () => ({
      forward: (to: MemberId, { operation }: ForwardRequest) => {
        asked.push(`${operation} ${to}`);
        const body = answer(to, operation);
        return body === null
          ? Promise.reject(new Error('reset'))
          : Promise.resolve({ ok: true, body });
      },
    }),
    waiters: { whenReached: () => Promise.resolve() },
    reads: {
      barrier: () =>
        isConfirmed ? Promise.resolve() : Promise.reject(new ApiError('no-leader', 'deposed')),
    },
    fence: (fence: unknown) => fenced.push(fence),
    limits: { hashCheckMs: 100 },
  } as unknown as HashCheckParts;
  const check = new HashCheck(parts);
  const tell = async (operation: string, body: unknown, from = LEADER) => {
    const told = { from, to: SELF, operation, requestId: '', body };
    return (await check.serve(told))?.body;
  };
  const round = async (): Promise<void> => {
    check.tick();
    await clock.advance(100);
    check.tick();
    for (let i = 0; i < 5; i += 1) await turn();
  };
  return { check, points, applied, asked, fenced, tell, round };
}

function pointsOf(hash: string) {
  return { form: FORM, points: [[300, hash]] };
}

describe('a member that is asked', () => {
  test('says what it remembers, though it is past the index', async () => {
    const { points, applied, tell } = setup();
    points.applied(256);
    applied.index = 310;
    const answer = await tell('state-hash', { form: FORM, index: 305 });
    expect(answer).toEqual({ form: FORM, points: [[256, 'own']] });
    expect(await tell('state-hash', { form: FORM, index: 310 })).toEqual({
      form: FORM,
      points: [
        [256, 'own'],
        [310, 'own'],
      ],
    });
  });

  test('for hashes of another form has none', async () => {
    const { points, tell } = setup();
    points.takeNow();
    const answer = await tell('state-hash', { form: FORM + 1, index: 300 });
    expect(answer).toEqual({ form: FORM, points: [] });
  });

  test('leaves other requests, and all once it stops, to others', () => {
    const { check } = setup();
    const request = { from: LEADER, to: SELF, requestId: '', body: { form: FORM, index: 1 } };
    expect(check.serve({ ...request, operation: 'propose' })).toBeNull();
    check.close();
    expect(check.serve({ ...request, operation: 'state-hash' })).toBeNull();
    expect(check.serve({ ...request, operation: 'fence' })).toBeNull();
  });
});

describe('a member that is told to stop', () => {
  const sentence = { form: FORM, index: 300, hash: 'own', majorityHash: 'right' };

  test('does so when it was its own word', async () => {
    const { points, tell, fenced } = setup();
    points.takeNow();
    expect(await tell('fence', sentence)).toBe(true);
    const { form: _, ...said } = sentence;
    expect(fenced).toEqual([{ memberId: SELF, ...said }]);
  });

  test.each([
    ['by another than the leader it follows', { from: OTHER }, {}],
    ['for what it has not said', {}, { hash: 'other' }],
    ['for an index it does not remember', {}, { index: 299 }],
    ['for a hash that is right', {}, { majorityHash: 'own' }],
    ['by a leader of another form', {}, { form: FORM + 1 }],
  ])('does not, %s', async (_why, { from = LEADER }: { from?: MemberId }, change) => {
    const { points, tell, fenced } = setup();
    points.takeNow();
    expect(await tell('fence', { ...sentence, ...change }, from)).toBe(false);
    expect(fenced).toEqual([]);
  });
});

describe('a leader', () => {
  test('tells nobody before it is certain that it leads', async () => {
    const answer = (to: MemberId) => pointsOf(to === OTHER ? 'wrong' : 'own');
    const sure = setup({ role: 'leader', answer });
    await sure.round();
    expect(sure.asked).toEqual(['state-hash 2', 'state-hash 3', 'fence 3']);
    const deposed = setup({ role: 'leader', answer, isConfirmed: false });
    await deposed.round();
    expect(deposed.asked).toEqual(['state-hash 2', 'state-hash 3']);
    expect([deposed.fenced, deposed.check.mismatches]).toEqual([[], 1]);
  });

  test('that is wrong itself hands over, and stops', async () => {
    const { round, asked, fenced } = setup({ role: 'leader', answer: () => pointsOf('right') });
    await round();
    expect(asked).toEqual(['state-hash 2', 'state-hash 3', 'hand-over']);
    expect(fenced).toEqual([{ memberId: SELF, index: 300, hash: 'own', majorityHash: 'right' }]);
  });

  test.each([
    ['that does not answer', null],
    ['of another form', { form: FORM + 1, points: [[300, 'wrong']] }],
    ['that is not understood', 'what?'],
    ['that remembers nothing', { form: FORM, points: [] }],
  ])('does not judge a member %s', async (_which, body) => {
    const answer = (to: MemberId) => (to === OTHER ? body : pointsOf('own'));
    const { round, asked, check } = setup({ role: 'leader', answer });
    await round();
    expect(asked).toEqual(['state-hash 2', 'state-hash 3']);
    expect([check.mismatches, check.comparisons]).toEqual([0, 1]);
  });

  test('alone says nothing of states', async () => {
    const { round, check } = setup({ role: 'leader' });
    await round();
    expect([check.mismatches, check.comparisons]).toEqual([0, 0]);
  });
});
