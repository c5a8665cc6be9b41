import { describe, expect, test } from 'bun:test';
import type { MemberId } from '../../../src/lib/ids.ts';
import { Delays } from '../../../src/node/delays.ts';
import { LeaderCalls, type LeaderOperation } from '../../../src/node/leader/leader-calls.ts';
import {
  type ForwardAnswer,
  type ForwardRequest,
  type Transport,
  TransportError,
} from '../../../src/transport/transport.ts';
import { ApiError, type ErrorCode } from '../../../src/wire/errors.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { watch } from '../support/outcome.ts';

const SELF = '1' as MemberId;
const OTHER = '2' as MemberId;
const THIRD = '3' as MemberId;

type Answer = () => Promise<ForwardAnswer>;

const done =
  (body: unknown): Answer =>
  () =>
    Promise.resolve({ ok: true, body });
const fails = (code: ErrorCode): Answer => {
  return () => Promise.resolve({ ok: false, body: { code, detail: code, fields: {} } });
};
const breaks =
  (sent: boolean): Answer =>
  () =>
    Promise.reject(new TransportError('broken', sent));
const silent: Answer = () => new Promise(() => undefined);

/** Calls of member 1; what others answer is given in advance, and so is what it does itself. */
function setup(
  answers: Answer[] = [],
  limits = { calls: 100, bytes: 1000 },
  clock = new ManualClock(),
) {
  const delays = new Delays(clock);
  const sent: ForwardRequest[] = [];
  const ran: (string | null)[] = [];
  const world = { leader: OTHER as MemberId | null, own: [] as (() => Promise<unknown>)[] };
  const forward: Transport['forward'] = (_to, request) => {
    sent.push(request);
    return (answers.shift() ?? silent)();
  };
  const operation = (mayRepeat: boolean): LeaderOperation => ({
    faultOf: (body) => (body === 'poison' ? 'it is poison' : null),
    run: (_body, requestId) => {
      ran.push(requestId);
      return world.own.shift()?.() ?? Promise.resolve('own');
    },
    mayRepeat: () => mayRepeat,
    refuses: (result) => result === 'refusal',
  });
  const calls = new LeaderCalls({
    self: SELF,
    clock,
    delays,
    leader: () => world.leader,
    transport: () => ({ forward }) as unknown as Transport,
    operations: new Map([
      ['write', operation(true)],
      ['once', operation(false)],
    ]),
    lifeName: 'life',
    leaderWaitMs: 800,
    limits,
  });
  const run = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      await clock.advance(10);
      calls.tick();
    }
    await clock.advance(0);
  };
  const context = (timeoutMs = 2000, requestId: string | null = null) => {
    return { deadline: clock.now() + timeoutMs, requestId, signal: null as AbortSignal | null };
  };
  const call = (given = context(), name = 'write') => watch(calls.call(name, 'body', given));
  const close = (): void => {
    calls.close(new ApiError('shutting-down', 'stops'));
    delays.close();
  };
  return { clock, calls, sent, ran, world, run, context, call, close };
}

describe('a call', () => {
  test('is carried out here by a leader, without a name of its own', async () => {
    const { world, call, run, ran } = setup();
    world.leader = SELF;
    const one = call();
    await run(0);
    expect([one.value, ran]).toEqual(['own', [null]]);
  });

  test('is forwarded under a name, every one another, that stays with it', async () => {
    const { call, run, sent } = setup([breaks(true), done('a'), done('b')]);
    const one = call();
    await run(10);
    const two = call();
    await run(10);
    expect([one.value, two.value]).toEqual(['a', 'b']);
    const [first, again, second] = sent.map(({ requestId }) => requestId);
    expect(again).toBe(first ?? '');
    expect(second).not.toBe(first ?? '');
  });

  test('names are never used twice and are numbered in many series', async () => {
    const answers = Array.from({ length: 2000 }, (_, at) => done(at));
    const { call, run, sent } = setup(answers, { calls: 5000, bytes: 1000 });
    for (let n = 0; n < 2000; n += 1) call();
    await run(0);
    const names = sent.map(({ requestId }) => requestId);
    expect(new Set(names).size).toBe(2000);
    expect(new Set(names.map((name) => name.split('.')[0])).size).toBe(64);
  });

  test('keeps the name its client gave it', async () => {
    const { call, context, run, sent } = setup([done('a')]);
    call(context(2000, 'name'));
    await run(0);
    expect(sent[0]?.requestId).toBe('name');
  });

  test.each(['no-leader', 'leader-changed'] as const)('goes on after %s', async (code) => {
    const { call, run, sent } = setup([fails(code), done('a')]);
    const one = call();
    await run(20);
    expect([one.value, sent.length]).toEqual(['a', 2]);
  });

  test.each(['timeout', 'node-stopped'] as const)(
    'that an attempt left open by %s is unknown, whatever refuses it later',
    async (code) => {
      const refusals = Array.from({ length: 100 }, () => fails('no-leader'));
      const { call, context, run } = setup([fails(code), ...refusals]);
      const one = call(context(1000));
      await run(1000);
      expect([one.code, one.applied]).toEqual(['timeout', 'unknown']);
    },
  );

  test('of which nothing can be left is refused as such at its deadline', async () => {
    const refusals = Array.from({ length: 100 }, () => fails('no-leader'));
    const { call, context, run, sent } = setup(refusals);
    const one = call(context(1000));
    await run(1000);
    expect([one.code, one.applied]).toEqual(['no-leader', 'no']);
    // Not a flood: the pauses grow.
    expect(sent.length).toBeLessThan(12);
  });

  test('does not run in circles when a timer fires before its time', async () => {
    class EarlyClock extends ManualClock {
      override setTimer(ms: number, callback: () => void): () => void {
        return super.setTimer(Math.floor(ms), callback);
      }
    }
    const refusals = Array.from({ length: 100 }, () => fails('no-leader'));
    const { call, context, run, sent } = setup(refusals, undefined, new EarlyClock());
    const one = call(context(1000.5));
    await run(1000);
    expect(one.code).toBe('no-leader');
    expect(sent.length).toBeLessThan(12);
  });

  test('of which something may be left is unknown, whatever later attempts say', async () => {
    for (const later of [fails('disk-full'), fails('no-leader'), breaks(false), done('refusal')]) {
      const answers = [breaks(true), ...Array.from({ length: 50 }, () => later)];
      const { call, context, run } = setup(answers);
      const one = call(context(1000));
      await run(1000);
      expect([one.code, one.applied]).toEqual(['timeout', 'unknown']);
    }
  });

  test('that was refused at its first attempt is refused', async () => {
    const { call, context, run } = setup([fails('disk-full'), done('refusal')]);
    const one = call();
    const two = call(context(2000, 'name'));
    await run(10);
    expect([one.code, two.value]).toEqual(['disk-full', 'refusal']);
  });

  test('without a name of its own is not told that its name was refused', async () => {
    const { call, run } = setup([done('refusal')]);
    const one = call();
    await run(10);
    expect([one.code, one.applied]).toEqual(['timeout', 'unknown']);
  });

  test('goes on after an open outcome under a name, and not without one', async () => {
    const { call, context, run, world, ran } = setup();
    world.leader = SELF;
    const open = () => Promise.reject(new ApiError('timeout', 'open'));
    world.own = [open, () => Promise.resolve('named'), open];
    const named = call(context(2000, 'name'));
    await run(20);
    const unnamed = call();
    await run(20);
    expect([named.value, unnamed.code, ran.length]).toEqual(['named', 'timeout', 3]);
  });

  test('that must not be repeated is not', async () => {
    const { call, context, run, sent } = setup([breaks(true), breaks(false), done('a')]);
    const open = call(context(), 'once');
    await run(20);
    expect([open.code, sent.length]).toEqual(['timeout', 1]);
    const unsent = call(context(), 'once');
    await run(20);
    expect(unsent.value).toBe('a');
  });

  test('waits for a leader, but not long', async () => {
    const { call, run, world } = setup([done('a')]);
    world.leader = null;
    const lucky = call();
    await run(500);
    expect(lucky.state).toBe('open');
    world.leader = OTHER;
    await run(10);
    expect(lucky.value).toBe('a');
    world.leader = null;
    const one = call();
    await run(810);
    expect([one.code, one.applied]).toEqual(['no-leader', 'no']);
  });

  test('waits for a leader no longer than its client', async () => {
    const { call, context, run, world, calls } = setup();
    world.leader = null;
    const client = new AbortController();
    const one = call({ ...context(), signal: client.signal });
    client.abort();
    await run(100);
    expect([one.state, calls.count]).toEqual(['rejected', 0]);
  });

  test('is not waited for when another leads and who was asked is silent', async () => {
    const { call, run, world, sent } = setup([silent, done('a')]);
    const one = call();
    await run(300);
    expect(one.state).toBe('open');
    world.leader = THIRD;
    await run(400);
    expect(one.value).toBe('a');
    expect(sent.map(({ to }) => to)).toEqual([OTHER, THIRD]);
    expect(sent[1]?.requestId).toBe(sent[0]?.requestId ?? '');
  });

  test('that comes after its time is not even tried', async () => {
    const { call, context, run, world, ran } = setup();
    world.leader = SELF;
    const one = call(context(0));
    await run(10);
    expect([one.code, ran]).toEqual(['no-leader', []]);
  });

  test('with little time has most of it', async () => {
    const { call, context, run, world, ran } = setup();
    world.leader = SELF;
    const one = call(context(10));
    await run(0);
    expect([one.value, ran.length]).toEqual(['own', 1]);
  });

  test('beyond as many, or as much, as may wait is refused', async () => {
    const { call, calls, context, run } = setup([], { calls: 2, bytes: 1000 });
    call();
    call();
    const third = call();
    await run(0);
    expect(third.code).toBe('too-many-requests');
    const big = setup([], { calls: 10, bytes: 1000 });
    watch(big.calls.call('write', 'body', context(), 1000));
    const refused = big.call();
    await big.run(0);
    expect(refused.code).toBe('too-many-requests');
    expect(calls.count).toBe(2);
  });

  test('whose answer is none is an internal fault', async () => {
    const { call, run } = setup([() => Promise.resolve({ ok: false, body: { code: 'x' } })]);
    const one = call();
    await run(0);
    expect(one.code).toBe('internal');
  });
});

describe('a node that stops', () => {
  test('ends every call with what is known of it', async () => {
    const { call, run, world, close, calls } = setup([silent, fails('no-leader')]);
    const forwarded = call();
    const pausing = call();
    await run(0);
    world.leader = null;
    const waiting = call();
    await run(0);
    close();
    const late = call();
    await run(0);
    expect([forwarded.code, forwarded.applied]).toEqual(['timeout', 'unknown']);
    for (const refused of [pausing, waiting, late]) expect(refused.code).toBe('shutting-down');
    expect(calls.count).toBe(0);
  });

  test('serves nobody', async () => {
    const { calls, world, close } = setup();
    world.leader = SELF;
    const request = { from: OTHER, to: SELF, operation: 'write', requestId: 'a', body: 1 };
    expect(await calls.serve(request, 100)).toEqual({ ok: true, body: 'own' });
    close();
    expect(await calls.serve(request, 100)).toMatchObject({
      ok: false,
      body: { code: 'no-leader' },
    });
  });
});

test('what is forwarded is served by a leader alone, and only what it knows', async () => {
  const { calls, world } = setup();
  const request = { from: OTHER, to: SELF, operation: 'write', requestId: 'a', body: 1 };
  expect(await calls.serve(request, 100)).toMatchObject({ body: { code: 'no-leader' } });
  world.leader = SELF;
  const strange = { ...request, operation: 'strange' };
  expect(await calls.serve(strange, 100)).toMatchObject({ body: { code: 'bad-request' } });
});

test('what is forwarded with arguments that nobody knows is refused', async () => {
  const { calls, ran, world } = setup();
  world.leader = SELF;
  const request = { from: OTHER, to: SELF, operation: 'write', requestId: 'r', body: 'poison' };
  const body = { code: 'bad-request', detail: 'write: it is poison' };
  expect(await calls.serve(request, 100)).toMatchObject({ ok: false, body });
  expect(ran).toEqual([]);
});
