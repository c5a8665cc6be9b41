import { describe, expect, test } from 'bun:test';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { LockRig, NAME, TIMEOUT_MS } from './rig.ts';

const NO_LEADER = new ApiError('no-leader', 'No leader is known');
const UNKNOWN = new ApiError('timeout', 'Nobody knows');

describe('a lock that is free', () => {
  test('is held after one write and one barrier', async () => {
    const rig = new LockRig();
    const client = await rig.ask({ value: bytesOfText('me') });
    expect(client.state).toBe('held');
    expect(client.token).toBe(rig.node.store.revision);
    expect(rig.kinds()).toEqual(['put']);
    expect(rig.node.barriers).toBe(1);
    expect(rig.node.kept).toEqual([]);
    const [pair] = rig.node.store.range(bytesOfText('a/'), null, 9);
    expect(pair).toMatchObject({ value: 'me', createRevision: client.token });
    expect(rig.node.store.lease(pair?.lease ?? rig.grant('9'))?.ttl).toBe(60);
    rig.expectNothingLeft();
  });

  test('is held with a lease of the client, which nobody else renews', async () => {
    const rig = new LockRig();
    const id = rig.grant('77', 3);
    expect((await rig.ask({ lease: { id } })).state).toBe('held');
    await rig.advance(10_000);
    expect(rig.node.kept).toEqual([]);
    expect(rig.line).toEqual([id]);
    rig.expectNothingLeft();
  });

  test('needs a lease that is there', async () => {
    const rig = new LockRig();
    const client = await rig.ask({ lease: { id: rig.grant('77') } });
    rig.revoke(rig.line[0] ?? rig.grant('1'));
    const other = await rig.ask({ lease: { id: '77' as (typeof rig.line)[0] & string } });
    expect([client.state, other.state]).toEqual(['held', 'lease-not-found']);
    rig.expectNothingLeft();
  });
});

describe('a lock that is held', () => {
  test('is passed on in the order of arrival, with growing tokens', async () => {
    const rig = new LockRig();
    const clients = [];
    for (let i = 0; i < 5; i += 1) clients.push(await rig.ask());
    for (let held = 0; held < 5; held += 1) {
      const states = clients.map(({ state }) => state);
      expect(states).toEqual(clients.map((_, i) => (i <= held ? 'held' : 'open')));
      rig.pass();
      await rig.settle();
    }
    const tokens = clients.map(({ token }) => Number(token));
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
    expect(new Set(tokens).size).toBe(5);
    rig.expectNothingLeft();
  });

  test('is passed on with all of its time left, and confirmed', async () => {
    const rig = new LockRig();
    await rig.ask();
    const next = await rig.ask();
    const barriers = rig.node.barriers;
    rig.pass();
    await rig.settle();
    expect(next.state).toBe('held');
    expect(rig.node.kept).toEqual(rig.line);
    expect(rig.node.barriers).toBe(barriers + 1);
  });

  test('is not passed on to whoever lost its place before that was confirmed', async () => {
    const rig = new LockRig();
    await rig.ask();
    const next = await rig.ask();
    const third = await rig.ask();
    rig.node.hold = () => {
      rig.pass();
      return Promise.resolve();
    };
    rig.pass();
    await rig.settle();
    expect([next.state, third.state]).toEqual(['lease-lost', 'held']);
    rig.expectNothingLeft();
  });

  test('is not passed on when its next lease has ended, though nothing here says so', async () => {
    const rig = new LockRig();
    await rig.ask();
    const next = await rig.ask();
    rig.node.keepAlive = () => Promise.resolve(null);
    rig.pass();
    await rig.settle();
    expect(next.state).toBe('lease-lost');
    rig.expectNothingLeft();
  });

  test('is waited for as long as asked; then the place is gone, and its lease', async () => {
    const rig = new LockRig();
    const holder = await rig.ask();
    const client = await rig.ask({ waitMs: 2000 });
    await rig.advance(1999);
    expect(client.state).toBe('open');
    expect(rig.leases).toBe(2);
    await rig.advance(1);
    expect(client.outcome.value).toMatchObject({
      type: 'locked',
      holder: { pair: { createRevision: holder.token } },
    });
    expect([rig.line.length, rig.leases]).toEqual([1, 1]);
    rig.expectNothingLeft();
  });

  test('is tried once with a wait of 0', async () => {
    const rig = new LockRig();
    expect((await rig.ask({ waitMs: 0 })).state).toBe('held');
    expect((await rig.ask({ waitMs: 0 })).state).toBe('locked');
    expect([rig.line.length, rig.leases]).toEqual([1, 1]);
    rig.expectNothingLeft();
  });

  test('is waited for with a lease that is renewed each third of its time', async () => {
    const rig = new LockRig();
    await rig.ask();
    const client = await rig.ask({ lease: { ttl: 6 } });
    const [, own] = rig.line;
    await rig.advance(1999);
    expect(rig.node.kept).toEqual([]);
    await rig.advance(1);
    expect(rig.node.kept.map(String)).toEqual([`${own}`]);
    await rig.advance(6000);
    expect(rig.node.kept).toHaveLength(4);
    client.goAway();
    await rig.settle();
    await rig.advance(60_000);
    expect(rig.node.kept).toHaveLength(4);
  });

  test('a renewal that fails is soon tried again', async () => {
    const rig = new LockRig();
    await rig.ask();
    await rig.ask({ lease: { ttl: 6 } });
    rig.node.failure = NO_LEADER;
    await rig.advance(2000);
    expect(rig.node.kept).toEqual([]);
    await rig.advance(500);
    expect(rig.node.kept).toHaveLength(1);
  });
});

describe('a place that is lost during the wait', () => {
  test('because its lease ended is told at once', async () => {
    const rig = new LockRig();
    await rig.ask();
    const id = rig.grant('77');
    const client = await rig.ask({ lease: { id } });
    rig.revoke(id);
    await rig.settle();
    expect(client.state).toBe('lease-lost');
    rig.expectNothingLeft();
  });

  test('because somebody deleted the key takes its lease with it', async () => {
    const rig = new LockRig();
    await rig.ask();
    const client = await rig.ask();
    rig.delete(rig.key(rig.line[1] ?? rig.grant('1')));
    await rig.settle();
    expect(client.state).toBe('lease-lost');
    expect(rig.leases).toBe(1);
    rig.expectNothingLeft();
  });

  test('and taken again by somebody else with the same lease is another place', async () => {
    const rig = new LockRig();
    await rig.ask();
    const id = rig.grant('77');
    const client = await rig.ask({ lease: { id } });
    rig.node.hold = async () => {
      await rig.settle();
    };
    rig.delete(rig.key(id));
    const again = await rig.ask({ lease: { id } });
    expect([client.state, again.state]).toEqual(['lease-lost', 'open']);
    rig.pass();
    await rig.settle();
    expect(again.state).toBe('held');
  });
});

describe('a client that goes away', () => {
  test('leaves the queue at once', async () => {
    const rig = new LockRig();
    await rig.ask();
    const client = await rig.ask();
    const third = await rig.ask();
    client.goAway();
    await rig.settle();
    expect(client.state).toBe('request-timeout');
    expect([rig.line.length, rig.leases]).toEqual([2, 2]);
    rig.pass();
    await rig.settle();
    expect(third.state).toBe('held');
    rig.expectNothingLeft();
  });

  test('leaves it with a lease that stays the client’s', async () => {
    const rig = new LockRig();
    await rig.ask();
    const id = rig.grant('77');
    const client = await rig.ask({ lease: { id } });
    client.goAway();
    await rig.settle();
    expect(rig.line).toHaveLength(1);
    expect(rig.node.store.lease(id)).toBeDefined();
    rig.expectNothingLeft();
  });

  test('before its place is taken gives it up right after', async () => {
    const rig = new LockRig();
    const answered = Promise.withResolvers<void>();
    rig.onPropose = ({ kind }) => (kind === 'put' ? answered.promise : undefined);
    const client = await rig.ask();
    client.goAway();
    await rig.settle();
    answered.resolve();
    await rig.settle();
    expect(client.state).toBe('request-timeout');
    expect(rig.kinds()).toEqual(['put', 'lease-revoke']);
    expect(rig.node.barriers).toBe(0);
    expect([rig.line.length, rig.leases]).toEqual([0, 0]);
    rig.expectNothingLeft();
  });

  test('while it is made sure that it holds does not hold', async () => {
    const rig = new LockRig();
    await rig.ask();
    const client = await rig.ask();
    rig.node.hold = () => {
      client.goAway();
      return Promise.resolve();
    };
    rig.pass();
    await rig.settle();
    expect(client.state).toBe('request-timeout');
    expect([rig.line.length, rig.leases]).toEqual([0, 1]);
    rig.expectNothingLeft();
  });

  test('is taken out of the queue however long that takes', async () => {
    const rig = new LockRig();
    await rig.ask();
    const client = await rig.ask();
    rig.onPropose = () => Promise.reject(NO_LEADER);
    client.goAway();
    await rig.settle();
    expect(client.state).toBe('request-timeout');
    await rig.advance(120_000);
    expect(rig.line).toHaveLength(2);
    rig.onPropose = () => undefined;
    await rig.advance(1000);
    expect([rig.line.length, rig.leases]).toEqual([1, 1]);
    rig.expectNothingLeft();
  });

  test('is not taken out by a node that stops', async () => {
    const rig = new LockRig();
    await rig.ask();
    const client = await rig.ask();
    rig.onPropose = () => Promise.reject(new ApiError('shutting-down', 'It stops'));
    client.goAway();
    await rig.advance(2000);
    expect(rig.kinds().filter((kind) => kind === 'lease-revoke')).toHaveLength(1);
    rig.expectNothingLeft();
  });
});

describe('requests with the same lease', () => {
  test('are one in the queue, and hold with one token', async () => {
    const rig = new LockRig();
    await rig.ask();
    const id = rig.grant('77');
    const first = await rig.ask({ lease: { id } });
    await rig.ask();
    const second = await rig.ask({ lease: { id } });
    expect(rig.line).toHaveLength(3);
    rig.pass();
    await rig.settle();
    expect([first.state, second.state]).toEqual(['held', 'held']);
    expect(second.token).toBe(first.token);
  });

  test('the older one leaves the place to the newer one', async () => {
    const rig = new LockRig();
    await rig.ask();
    const id = rig.grant('77');
    const first = await rig.ask({ lease: { id } });
    const second = await rig.ask({ lease: { id } });
    first.goAway();
    await rig.settle();
    expect(rig.line).toEqual([expect.anything(), id]);
    rig.pass();
    await rig.settle();
    expect(second.state).toBe('held');
    expect(rig.line).toEqual([id]);
    rig.expectNothingLeft();
  });

  test('the newer one takes the place with it when it leaves', async () => {
    const rig = new LockRig();
    await rig.ask();
    const id = rig.grant('77');
    const first = await rig.ask({ lease: { id } });
    const second = await rig.ask({ lease: { id }, waitMs: 1000 });
    await rig.advance(1000);
    expect([first.state, second.state]).toEqual(['lease-lost', 'locked']);
    expect(rig.line).toHaveLength(1);
    rig.expectNothingLeft();
  });

  test('of three the second takes nothing from the third', async () => {
    const rig = new LockRig();
    await rig.ask();
    const lease = { id: rig.grant('77') };
    const [first, second] = [await rig.ask({ lease }), await rig.ask({ lease })];
    const third = await rig.ask({ lease });
    second.goAway();
    first.goAway();
    await rig.settle();
    rig.pass();
    await rig.settle();
    expect([third.state, rig.line]).toEqual(['held', [lease.id]]);
    rig.expectNothingLeft();
  });

  test('one that finds itself first leaves the place: another may have been told', async () => {
    const rig = new LockRig();
    const id = rig.grant('77');
    const first = await rig.ask({ lease: { id } });
    rig.node.hold = async () => {
      await rig.settle();
    };
    const answered = Promise.withResolvers<void>();
    rig.onPropose = () => answered.promise;
    const second = await rig.ask({ lease: { id } });
    second.goAway();
    answered.resolve();
    await rig.settle();
    await rig.settle();
    expect([first.state, second.state]).toEqual(['held', 'request-timeout']);
    expect(rig.line).toEqual([id]);
    rig.expectNothingLeft();
  });

  test('one that becomes the first while it leaves holds', async () => {
    const rig = new LockRig();
    await rig.ask();
    const id = rig.grant('77');
    const first = await rig.ask({ lease: { id } });
    const second = await rig.ask({ lease: { id }, waitMs: 1000 });
    rig.onPropose = ({ kind }) => {
      if (kind === 'txn') rig.pass();
    };
    await rig.advance(1000);
    expect([first.state, second.state]).toEqual(['held', 'held']);
    expect(rig.line).toEqual([id]);
    rig.expectNothingLeft();
  });

  test('the holder asks again and is told that it holds', async () => {
    const rig = new LockRig();
    const id = rig.grant('77');
    const first = await rig.ask({ lease: { id } });
    const again = await rig.ask({ lease: { id }, waitMs: 0 });
    expect(again.token).toBe(first.token);
  });

  test('under one name have one lease, whichever node they reach', async () => {
    const rig = new LockRig();
    const first = await rig.ask({ requestId: 'r1' });
    const second = await rig.ask({ requestId: 'r1' });
    expect(second.token).toBe(first.token);
    expect(rig.leases).toBe(1);
    const other = await rig.ask({ requestId: 'r2', waitMs: 0 });
    expect(other.state).toBe('locked');
    expect(rig.line).toHaveLength(1);
    // Its lease was granted for any request of the name: it ends by itself.
    expect(rig.leases).toBe(2);
    rig.pass();
    // Some of the time of a lease that was found is over, so it is renewed.
    const kept = rig.node.kept.length;
    expect((await rig.ask({ requestId: 'r2' })).state).toBe('held');
    expect(rig.node.kept.slice(kept)).toEqual(rig.line);
    rig.expectNothingLeft();
  });
});

describe('when the cluster does not answer', () => {
  test('a refusal is told at once', async () => {
    const rig = new LockRig();
    rig.onPropose = () => Promise.reject(NO_LEADER);
    expect((await rig.ask()).state).toBe('no-leader');
    expect(rig.kinds()).toEqual(['put']);
    rig.expectNothingLeft();
  });

  test('an outcome that is not known is found out', async () => {
    const rig = new LockRig();
    rig.onApplied = () => {
      rig.onApplied = () => undefined;
      throw UNKNOWN;
    };
    const client = await rig.ask();
    expect(client.state).toBe('open');
    await rig.advance(100);
    expect(client.state).toBe('held');
    expect([rig.line.length, rig.leases]).toEqual([1, 1]);
    rig.expectNothingLeft();
  });

  test('an outcome that stays unknown is told as that, and the place given up', async () => {
    const rig = new LockRig();
    let isFirst = true;
    rig.onPropose = ({ kind }) => {
      if (kind === 'put' && !isFirst) throw NO_LEADER;
    };
    rig.onApplied = ({ kind }) => {
      isFirst = false;
      if (kind === 'put') throw UNKNOWN;
    };
    const client = await rig.ask();
    await rig.advance(TIMEOUT_MS);
    expect([client.state, client.outcome.applied]).toEqual(['timeout', 'unknown']);
    expect([rig.line.length, rig.leases]).toEqual([0, 0]);
    rig.expectNothingLeft();
  });

  test('a barrier is asked for again, until the end of the request', async () => {
    const rig = new LockRig();
    const readBarrier = rig.node.readBarrier.bind(rig.node);
    rig.node.readBarrier = () => Promise.reject(NO_LEADER);
    const client = await rig.ask({ waitMs: 20_000 });
    await rig.advance(20_000);
    expect(client.state).toBe('open');
    rig.node.readBarrier = readBarrier;
    await rig.advance(1000);
    expect(client.state).toBe('held');
    rig.expectNothingLeft();
  });

  test('nothing is promised of a place that cannot be looked at; it is given up', async () => {
    const rig = new LockRig();
    rig.node.readBarrier = () => Promise.reject(NO_LEADER);
    const client = await rig.ask({ waitMs: 1000 });
    await rig.advance(1000 + TIMEOUT_MS);
    expect([client.state, client.outcome.applied]).toEqual(['timeout', 'unknown']);
    expect([rig.line.length, rig.leases]).toEqual([0, 0]);
    rig.expectNothingLeft();
  });

  test('a place that cannot be given up in time may still be there, until it can', async () => {
    const rig = new LockRig();
    await rig.ask();
    const client = await rig.ask({ waitMs: 1000 });
    rig.onPropose = () => Promise.reject(NO_LEADER);
    await rig.advance(1000 + TIMEOUT_MS);
    expect([client.state, client.outcome.applied]).toEqual(['timeout', 'unknown']);
    expect(rig.line).toHaveLength(2);
    rig.onPropose = () => undefined;
    await rig.advance(2000);
    expect(rig.line).toHaveLength(1);
    rig.expectNothingLeft();
  });

  test('what nobody foresaw is not hidden, and leaves nothing behind', async () => {
    const rig = new LockRig();
    rig.node.readBarrier = () => Promise.reject(new TypeError('odd'));
    const client = await rig.ask();
    expect(client.outcome.error).toBeInstanceOf(TypeError);
    expect(rig.leases).toBe(0);
    rig.expectNothingLeft();
  });
});

describe('a node that stops', () => {
  test('takes those who wait out of the queue while it still can', async () => {
    const rig = new LockRig();
    await rig.ask();
    const client = await rig.ask();
    rig.shutdown.abort();
    rig.onPropose = () => Promise.reject(new ApiError('shutting-down', 'It stops'));
    await rig.settle();
    expect([client.state, client.outcome.applied]).toEqual(['shutting-down', 'no']);
    expect([rig.line.length, rig.leases]).toEqual([1, 1]);
    rig.expectNothingLeft();
  });

  test('says when it could not', async () => {
    const rig = new LockRig();
    await rig.ask();
    const client = await rig.ask();
    rig.onPropose = () => Promise.reject(new ApiError('shutting-down', 'It stops'));
    rig.shutdown.abort();
    await rig.settle();
    expect([client.state, client.outcome.applied]).toEqual(['timeout', 'unknown']);
    rig.expectNothingLeft();
  });

  test('takes nothing from those who hold', async () => {
    const rig = new LockRig();
    await rig.ask();
    const client = await rig.ask();
    rig.pass();
    await rig.settle();
    rig.shutdown.abort();
    await rig.settle();
    expect(client.state).toBe('held');
    expect(rig.line).toHaveLength(1);
  });

  test.each(Array.from({ length: 16 }, (_, turns) => turns))(
    'takes no lock away from one who is told to hold it, %d turns later',
    async (turns) => {
      const rig = new LockRig();
      await rig.ask();
      const client = await rig.ask();
      const readBarrier = rig.node.readBarrier.bind(rig.node);
      rig.node.readBarrier = async (context) => {
        await readBarrier(context);
        let stop = (): void => rig.shutdown.abort();
        for (let i = 0; i < turns; i += 1) {
          const next = stop;
          stop = () => queueMicrotask(next);
        }
        stop();
      };
      rig.pass();
      await rig.settle();
      expect([client.state, rig.line.length]).toEqual(
        client.state === 'held' ? ['held', 1] : ['shutting-down', 0],
      );
      rig.expectNothingLeft();
    },
  );

  test('lets nobody in any more', async () => {
    const rig = new LockRig();
    rig.shutdown.abort();
    expect((await rig.ask()).state).toBe('shutting-down');
    expect(rig.proposed).toEqual([]);
    rig.expectNothingLeft();
  });
});

describe('who leads', () => {
  test('is told at once, and at each change of it or of what it says', async () => {
    const rig = new LockRig();
    const told: string[] = [];
    const feed = rig.queue.observe(NAME);
    feed.start(({ leader }) => told.push(leader === null ? '-' : leader.pair.value));
    const first = rig.grant('77');
    await rig.ask({ value: bytesOfText('one'), lease: { id: first } });
    await rig.ask({ value: bytesOfText('two') });
    await rig.ask({ value: bytesOfText('uno'), lease: { id: first } });
    rig.pass();
    rig.pass();
    feed.close();
    await rig.ask({ value: bytesOfText('three') });
    expect(told).toEqual(['-', 'one', 'uno', 'two', '-']);
    await rig.settle();
    rig.expectNothingLeft();
  });
});
