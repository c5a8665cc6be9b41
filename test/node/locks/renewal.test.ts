import { expect, test } from 'bun:test';
import type { LeaseId } from '../../../src/kv/command.ts';
import { Renewal } from '../../../src/node/locks/renewal.ts';
import type { RequestContext } from '../../../src/node/api.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { ManualClock, turn } from '../support/manual-clock.ts';

/** A renewal of a lease of nine seconds; each is answered when the test says so. */
function setup() {
  const clock = new ManualClock();
  const asked: { at: number; answer: PromiseWithResolvers<number | null> }[] = [];
  const renewal = new Renewal({
    node: {
      keepAlive: () => {
        const answer = Promise.withResolvers<number | null>();
        asked.push({ at: clock.now(), answer });
        return answer.promise;
      },
    },
    timers: clock,
    lease: '7' as LeaseId,
    ttl: 9,
    context: () => ({}) as RequestContext,
  });
  const times = (): number[] => asked.map(({ at }) => at - 1000);
  return { clock, asked, renewal, times };
}

test('a lease is renewed at each third of its time', async () => {
  const { clock, asked, times } = setup();
  for (let third = 0; third < 4; third += 1) {
    await clock.advance(3000);
    asked.at(-1)?.answer.resolve(9);
    await turn();
  }
  expect(times()).toEqual([3000, 6000, 9000, 12_000]);
});

test('a renewal that fails is tried again soon; one of a lease that has ended is not', async () => {
  const { clock, asked, times } = setup();
  await clock.advance(3000);
  asked[0]?.answer.reject(new ApiError('no-leader', 'nobody leads'));
  await clock.advance(500);
  expect(times()).toEqual([3000, 3500]);
  asked[1]?.answer.resolve(null);
  await clock.advance(60_000);
  expect([times().length, clock.timers]).toEqual([2, 0]);
});

test('nothing is renewed once it is stopped, though an answer was under way then', async () => {
  for (const end of ['answer', 'failure'] as const) {
    const { clock, asked, renewal, times } = setup();
    await clock.advance(3000);
    renewal.stop();
    if (end === 'answer') asked[0]?.answer.resolve(9);
    else asked[0]?.answer.reject(new ApiError('no-leader', 'nobody leads'));
    await clock.advance(60_000);
    expect([times(), clock.timers]).toEqual([[3000], 0]);
  }
  const { clock, renewal, times } = setup();
  renewal.stop();
  await clock.advance(60_000);
  expect(times()).toEqual([]);
});
