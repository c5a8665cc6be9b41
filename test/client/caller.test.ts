import { describe, expect, test } from 'bun:test';
import { AbcdError } from '../../src/client/errors.ts';
import { type Answer, FakeNodes, type Got, type NodeBehaviour, ok, problem } from './fake-nodes.ts';

const A = 'http://a:1';
const B = 'http://b:1';
const C = 'http://c:1';
const WRITTEN = { key: 'k', revision: 7, created: true };

/** Answers in turn, the last one for ever. */
function inTurn(...answers: readonly (() => Answer)[]): NodeBehaviour {
  let turn = 0;
  return () => {
    const answer = answers[Math.min(turn, answers.length - 1)];
    turn += 1;
    return answer?.() ?? 'refuse';
  };
}

const fine = () => ok(WRITTEN);
const refuse = () => 'refuse' as const;
const reset = () => 'reset' as const;
const silence = () => 'silence' as const;
const noLeader = () => problem(503, 'no-leader');
const names = (requests: readonly Got[]) => [
  ...new Set(requests.map(({ headers }) => headers.get('idempotency-key'))),
];

async function failureOf(work: Promise<unknown>): Promise<AbcdError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AbcdError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('a node that cannot serve', () => {
  const cases: readonly [string, () => Answer][] = [
    ['refuses connections', refuse],
    ['breaks connections', reset],
    ['never answers', silence],
    ['knows no leader', noLeader],
    ['shuts down', () => problem(503, 'shutting-down')],
    ['does not know the outcome', () => problem(504, 'timeout')],
    ['is behind a proxy that cannot reach it', () => new Response('<h1>', { status: 502 })],
  ];
  test.each(cases)('%s: the next one is asked, and the one after it is not', async (_, answer) => {
    const nodes = new FakeNodes({ [A]: answer, [B]: fine, [C]: fine });
    const client = nodes.client();
    await nodes.run(client.put('k', 'v'));
    await nodes.run(client.put('k', 'v'));
    expect(nodes.asked).toEqual([A, B, B]);
  });

  test.each(cases)('%s: the write keeps its name', async (_, answer) => {
    const nodes = new FakeNodes({ [A]: answer, [B]: fine });
    const answered = await nodes.run(nodes.client({ clientId: 'me' }).put('k', 'v'));
    expect(answered).toEqual(WRITTEN);
    expect(names(nodes.requests)).toEqual(['me.1']);
    expect(nodes.requests.map(({ body }) => body)).toEqual(['v', 'v']);
  });

  test('is asked again when there is no other', async () => {
    const nodes = new FakeNodes({ [A]: inTurn(refuse, noLeader, reset, fine) });
    expect(await nodes.run(nodes.client().put('k', 'v'))).toEqual(WRITTEN);
    expect(nodes.asked).toEqual([A, A, A, A]);
    expect(names(nodes.requests)).toHaveLength(1);
  });

  test('is left alone as long as it asks for', async () => {
    const busy = () => problem(503, 'no-leader', {}, { 'retry-after': '1' });
    const nodes = new FakeNodes({ [A]: inTurn(busy, fine), [B]: inTurn(busy, busy, fine) });
    await nodes.run(nodes.client().put('k', 'v'));
    expect(nodes.asked).toEqual([A, B, A]);
    const [first, , third] = nodes.requests;
    expect((third?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1000);
  });

  test('one that is overloaded is not left for another, which would not help', async () => {
    const busy = () => problem(429, 'too-many-requests', {}, { 'retry-after': '1' });
    const nodes = new FakeNodes({ [A]: inTurn(busy, fine), [B]: fine });
    await nodes.run(nodes.client().put('k', 'v'));
    expect(nodes.asked).toEqual([A, A]);
    expect(nodes.requests[1]?.at).toBeGreaterThanOrEqual(1000);
  });
});

describe('an answer that is final', () => {
  test.each([
    [400, 'bad-request'],
    [403, 'cross-origin'],
    [409, 'membership-change-pending'],
    [412, 'precondition-failed'],
    [413, 'value-too-large'],
    [421, 'wrong-host'],
    [422, 'idempotency-key-reused'],
    [429, 'too-many-leases'],
    [507, 'quota-exceeded'],
  ])('%d %s is asked of nobody else', async (status, code) => {
    const refusal = () => problem(status, code, { modRevision: 3, limit: 5 });
    const nodes = new FakeNodes({ [A]: refusal, [B]: fine });
    const error = await failureOf(nodes.run(nodes.client().put('k', 'v')));
    expect(error).toMatchObject({ code, status, applied: 'no', detail: code });
    expect(error.number('modRevision')).toBe(3);
    expect(nodes.asked).toEqual([A]);
  });

  test('something that is no node', async () => {
    const page = () =>
      new Response('<h1>It works!</h1>', { headers: { 'content-type': 'text/html' } });
    const nodes = new FakeNodes({ [A]: page, [B]: fine });
    const error = await failureOf(nodes.run(nodes.client().get('k')));
    expect(error.code).toBe('bad-answer');
    expect(error.detail).toContain('text/html');
  });
});

describe('what is known of a write that failed', () => {
  const cases: readonly [string, readonly (() => Answer)[], string, 'no' | 'unknown'][] = [
    ['nobody was there', [refuse], 'unreachable', 'no'],
    ['a connection broke', [refuse, reset, refuse], 'unreachable', 'unknown'],
    ['nobody answered', [silence], 'unreachable', 'unknown'],
    ['no leader all the time', [noLeader], 'no-leader', 'no'],
    ['no leader, after a broken connection', [reset, noLeader], 'no-leader', 'unknown'],
    [
      'no leader, after an unknown outcome',
      [() => problem(504, 'timeout'), noLeader],
      'no-leader',
      'unknown',
    ],
    ['the disk is full', [() => problem(507, 'disk-full')], 'disk-full', 'no'],
    [
      'the disk is full, after a broken connection',
      [reset, () => problem(507, 'disk-full')],
      'disk-full',
      'unknown',
    ],
    [
      'the condition did not hold the first time',
      [reset, () => problem(412, 'precondition-failed')],
      'precondition-failed',
      'no',
    ],
    ['a fault', [() => problem(500, 'internal')], 'internal', 'unknown'],
  ];
  test.each(cases)('%s', async (_, answers, code, applied) => {
    const nodes = new FakeNodes({ [A]: inTurn(...answers) });
    const error = await failureOf(nodes.run(nodes.client({ timeoutMs: 6000 }).put('k', 'v')));
    expect(error).toMatchObject({ code, applied });
  });

  test('a read has no effect, whatever happened', async () => {
    const nodes = new FakeNodes({ [A]: silence });
    const error = await failureOf(nodes.run(nodes.client().get('k')));
    expect(error).toMatchObject({ code: 'unreachable', applied: 'no' });
  });

  test('the error names every node and what was wrong with it', async () => {
    const nodes = new FakeNodes({ [A]: refuse, [B]: reset });
    const error = await failureOf(nodes.run(nodes.client().get('k')));
    expect(error.detail).toBe(`${A}: nobody listens there; ${B}: ECONNRESET`);
  });
});

describe('time', () => {
  test('is over when the time given is, with all repetitions', async () => {
    const nodes = new FakeNodes({ [A]: silence, [B]: silence });
    await failureOf(nodes.run(nodes.client({ timeoutMs: 9000 }).get('k')));
    expect(nodes.clock.now()).toBeGreaterThan(7000);
    expect(nodes.clock.now()).toBeLessThanOrEqual(9020);
  });

  test('a node is told how much it has, a little less than the client waits', async () => {
    const nodes = new FakeNodes({ [A]: silence, [B]: silence });
    await failureOf(nodes.run(nodes.client({ timeoutMs: 9000 }).get('k')));
    const told = nodes.requests.map(({ headers }) => headers.get('abcd-timeout'));
    expect(told.slice(0, 2)).toEqual(['2250ms', '4750ms']);
    const [, second] = nodes.requests;
    expect(second?.at).toBe(2500);
  });

  test('a cluster that is slow, but there, gets more of it each time', async () => {
    const slow: NodeBehaviour = async () => {
      const answered = Promise.withResolvers<Answer>();
      nodes.clock.setTimer(4000, () => answered.resolve(ok(WRITTEN)));
      return await answered.promise;
    };
    const nodes = new FakeNodes({ [A]: slow, [B]: slow });
    expect(await nodes.run(nodes.client().put('k', 'v'))).toEqual(WRITTEN);
    expect(nodes.asked).toEqual([A, B]);
  });

  test('a fetch that does not heed its signal holds nobody up', async () => {
    const nodes = new FakeNodes({});
    const never = () => new Promise<Response>(() => undefined);
    const client = nodes.client({ endpoints: A, fetch: never, timeoutMs: 1000 });
    expect((await failureOf(nodes.run(client.get('k')))).code).toBe('unreachable');
  });
});

describe('giving up', () => {
  test('a signal ends a request at once', async () => {
    const nodes = new FakeNodes({ [A]: silence });
    const aborter = new AbortController();
    const put = nodes.client().put('k', 'v', { signal: aborter.signal });
    await nodes.pass(100);
    aborter.abort(new Error('enough'));
    const error = await failureOf(put);
    expect(error).toMatchObject({ code: 'aborted', applied: 'unknown' });
    expect(error.cause).toEqual(new Error('enough'));
  });

  test('a signal that has fired already keeps a request from being sent', async () => {
    const nodes = new FakeNodes({ [A]: fine });
    const put = nodes.client().put('k', 'v', { signal: AbortSignal.abort() });
    expect(await failureOf(put)).toMatchObject({ code: 'aborted', applied: 'no' });
    expect(nodes.requests).toEqual([]);
  });

  test('a signal ends the pause between attempts', async () => {
    const nodes = new FakeNodes({ [A]: refuse });
    const aborter = new AbortController();
    const put = nodes.client().put('k', 'v', { signal: aborter.signal });
    await nodes.pass(500);
    aborter.abort();
    expect(await failureOf(put)).toMatchObject({ code: 'aborted', applied: 'no' });
  });

  test('closing the client ends what is under way, and everything later', async () => {
    const nodes = new FakeNodes({ [A]: silence });
    const client = nodes.client();
    const get = client.get('k');
    await nodes.pass(100);
    client.close();
    expect((await failureOf(get)).code).toBe('aborted');
    expect((await failureOf(client.get('k'))).code).toBe('aborted');
    expect(nodes.clock.pending).toBe(0);
  });
});

describe('names of writes', () => {
  test('count, are of this client alone, and reads have none', async () => {
    const nodes = new FakeNodes({ [A]: fine });
    const [one, other] = [nodes.client(), nodes.client()];
    await nodes.run(one.put('a', ''));
    await nodes.run(one.delete('a'));
    await nodes.run(one.get('a'));
    await nodes.run(other.put('a', ''));
    const [first, second, read, third] = nodes.requests.map(({ headers }) =>
      headers.get('idempotency-key'),
    );
    expect(first).toMatch(/^[0-9a-f]{32}\.1$/);
    expect(second).toBe(first?.replace(/1$/, '2') ?? '');
    expect(read).toBeNull();
    expect(third).toMatch(/^[0-9a-f]{32}\.1$/);
    expect(third).not.toBe(first ?? '');
  });

  test('no write falls so far behind that the cluster forgets it', async () => {
    let isStuck = true;
    const first = Promise.withResolvers<Answer>();
    const nodes = new FakeNodes({
      [A]: () => {
        if (!isStuck) return ok(WRITTEN);
        isStuck = false;
        return first.promise;
      },
    });
    const client = nodes.client({ clientId: 'me', attemptTimeoutMs: 1e9, timeoutMs: 1e9 });
    const slow = client.put('slow', '');
    for (let i = 0; i < 1200; i += 1) await nodes.run(client.put('fast', ''));
    first.resolve(ok(WRITTEN));
    await nodes.run(slow);
    const used = nodes.requests.map(({ headers }) => headers.get('idempotency-key') ?? '');
    const ofFirstSeries = used.filter((name) => /^me\.\d+$/.test(name));
    expect(ofFirstSeries).toHaveLength(500);
    expect(new Set(used).size).toBe(used.length);
  });
});

describe('options', () => {
  test.each([
    [{ endpoints: [] }, 'endpoints is empty'],
    [{ endpoints: 'n1:8080' }, 'n1:8080 is not the URL of a node'],
    [{ endpoints: 'http://a:1?x=1' }, 'is not the URL of a node'],
    [{ endpoints: 'ftp://a' }, 'is not the URL of a node'],
    [{ clientId: 'with space' }, 'clientId must be'],
    [{ timeoutMs: 0 }, 'timeoutMs must be more than 0'],
    [{ attemptTimeoutMs: -1 }, 'attemptTimeoutMs must be more than 0'],
    [{ timeoutMs: Number.NaN }, 'timeoutMs must be more than 0'],
  ])('%j is refused', (options, message) => {
    const nodes = new FakeNodes({ [A]: fine });
    expect(() => nodes.client(options)).toThrow(message);
  });

  test('headers go with every request; a path before the routes is kept', async () => {
    const nodes = new FakeNodes({ [A]: fine });
    const headers = { authorization: 'Bearer x' };
    await nodes.run(nodes.client({ endpoints: `${A}/store/`, headers }).get('k'));
    expect(nodes.requests[0]?.headers.get('authorization')).toBe('Bearer x');
    expect(nodes.requests[0]?.url).toBe(`${A}/store/kv/k`);
  });

  test('members can be learnt from the cluster', async () => {
    const members = [A, B, C].map((url, i) => ({ id: `${i + 1}`, name: `n${i}`, url: `${url}/` }));
    const nodes = new FakeNodes({ [A]: () => ok({ members }), [B]: fine, [C]: fine });
    const client = nodes.client({ endpoints: A });
    expect(await nodes.run(client.cluster.discover())).toEqual([A, B, C]);
    nodes.behaviours.delete(A);
    await nodes.run(client.put('k', 'v'));
    expect(nodes.asked).toEqual([A, A, B]);
  });
});
