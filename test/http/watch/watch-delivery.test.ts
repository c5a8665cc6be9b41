import { describe, expect, test } from 'bun:test';
import type { KeyValue } from '../../../src/kv/command.ts';
import type { ByteString } from '../../../src/lib/bytes.ts';
import { type Outlet, WatchDelivery } from '../../../src/http/watch/watch-delivery.ts';
import { WatchDeliveries } from '../../../src/http/watch/watch-deliveries.ts';
import { messageFormat, type Piece, type StreamEnd } from '../../../src/http/watch/watch-format.ts';
import type { Watch, WatchChange } from '../../../src/node/watch/watch.ts';

const BUDGET = 10_000;

/** A watch that only notes what it is asked. */
class FakeWatch implements Watch {
  readonly from = 2;
  told = 1;
  closed: string | null = null;
  resumed = 0;

  start(): void {
    return undefined;
  }

  resume(): void {
    this.resumed += 1;
  }

  close(why?: 'slow'): void {
    this.closed ??= why ?? 'closed';
  }
}

/** Takes as many pieces as it is allowed to. */
class FakeOutlet implements Outlet<string> {
  batchBytes = 0;
  room = 0;
  readonly taken: string[] = [];
  readonly batches: number[] = [];
  hurried = 0;
  ended: StreamEnd | null = null;
  broken = false;

  get isReady(): boolean {
    return this.room > 0;
  }

  write(pieces: readonly Piece<string>[]): void {
    if (this.broken) throw new TypeError('Controller is already closed');
    this.room -= 1;
    this.batches.push(pieces.length);
    this.taken.push(...pieces.map(({ data }) => data));
  }

  hurry(): void {
    this.hurried += 1;
  }

  end(end: StreamEnd): void {
    this.ended = end;
  }
}

function changeOf(revision: number, bytes = 10): WatchChange {
  const key = 'k' as ByteString;
  const value = 'x'.repeat(bytes) as ByteString;
  const kv: KeyValue = {
    key,
    value,
    createRevision: 2,
    modRevision: revision,
    version: revision - 1,
    lease: null,
  };
  return { revision, events: [{ type: 'put', kv, prev: null }], prev: false };
}

function rig() {
  const watch = new FakeWatch();
  const outlet = new FakeOutlet();
  let left = 0;
  const delivery: WatchDelivery<string> = new WatchDelivery({
    watch,
    outlet,
    format: messageFormat(),
    budgetBytes: BUDGET,
    soon: () => delivery.flush(),
    left: () => {
      left += 1;
    },
  });
  const change = (revision: number, bytes?: number): void => {
    watch.told = revision;
    delivery.change(changeOf(revision, bytes));
  };
  const read = (room: number): void => {
    outlet.room = room;
    delivery.flush();
  };
  const revisions = (): unknown[] => outlet.taken.map((text) => JSON.parse(text).revision);
  return { watch, outlet, delivery, change, read, revisions, left: () => left };
}

describe('a reader that keeps up', () => {
  test('is given everything as it comes, however much it is', () => {
    const { outlet, watch, change, revisions } = rig();
    for (let revision = 2; revision < 100; revision += 1) {
      outlet.room = 1;
      change(revision, 3000);
    }
    expect(revisions()).toEqual(Array.from({ length: 98 }, (_, n) => n + 2));
    expect(watch.closed).toBeNull();
  });

  test('takes small events together, a large one alone', () => {
    const { outlet, change, read } = rig();
    outlet.batchBytes = 1000;
    for (let revision = 2; revision < 8; revision += 1) change(revision, 200);
    change(8, 5000);
    read(10);
    expect(outlet.batches).toEqual([3, 3, 1]);
  });
});

describe('a reader over its budget', () => {
  test('loses what waits, and is told where to go on', () => {
    const { outlet, watch, change, read, revisions, left } = rig();
    read(2);
    change(2);
    change(3);
    for (let revision = 4; revision < 20; revision += 1) change(revision, 1000);
    expect([watch.closed, outlet.hurried, outlet.ended]).toEqual(['slow', 1, null]);
    read(10);
    expect(revisions()).toEqual([2, 3, 4]);
    expect(outlet.taken.map((text) => JSON.parse(text)).at(-1)).toEqual({
      event: 'canceled',
      reason: 'slow',
      revision: 4,
    });
    expect([outlet.ended?.reason, left()]).toEqual(['slow', 1]);
  });

  test('may still have one event of any size, whether it comes first or last', () => {
    const { watch, change, read, revisions } = rig();
    change(2, 10 * BUDGET);
    for (let revision = 3; revision < 8; revision += 1) change(revision, 1000);
    expect(watch.closed).toBeNull();
    read(100);
    for (let revision = 8; revision < 13; revision += 1) change(revision, 1000);
    change(13, 10 * BUDGET);
    expect(watch.closed).toBeNull();
    read(100);
    expect(revisions()).toEqual(Array.from({ length: 12 }, (_, n) => n + 2));
  });

  test('has room for one such event, not for two', () => {
    const { watch, change, read, revisions } = rig();
    change(2, 10 * BUDGET);
    change(3, 10 * BUDGET);
    expect(watch.closed).toBe('slow');
    read(1);
    expect(revisions()).toEqual([2]);
  });

  test('has no more room for having had a large one', () => {
    const { watch, change, read } = rig();
    change(2, 3 * BUDGET);
    change(3, 1000);
    read(1);
    for (let revision = 4; revision < 20; revision += 1) change(revision, 1000);
    expect(watch.closed).toBe('slow');
  });
});

describe('the past', () => {
  test('waits while there is much to take, and goes on before there is nothing', () => {
    const { delivery, watch, outlet, change, read } = rig();
    expect(delivery.isFull).toBe(false);
    for (let revision = 2; revision < 7; revision += 1) change(revision, 1000);
    expect([delivery.isFull, watch.closed]).toEqual([true, null]);
    const { resumed } = watch;
    read(3);
    expect([delivery.isFull, outlet.taken.length, watch.resumed]).toEqual([false, 3, resumed + 1]);
  });
});

describe('progress', () => {
  test('is not added to what waits', () => {
    const { delivery, change, read, revisions } = rig();
    change(2);
    expect(delivery.progress(2)).toBe(false);
    read(1);
    expect(delivery.progress(2)).toBe(true);
    read(1);
    expect(revisions()).toEqual([2, 2]);
  });
});

describe('the end', () => {
  test('comes after what waits, and nothing comes after it', () => {
    const { delivery, watch, outlet, change, read, left } = rig();
    change(2);
    delivery.shutDown();
    delivery.shutDown();
    delivery.canceled({ reason: 'shutdown', revision: 9 });
    change(4);
    expect(delivery.progress(4)).toBe(false);
    delivery.beat();
    read(10);
    expect(outlet.taken.map((text) => JSON.parse(text))).toMatchObject([
      { event: 'change', revision: 2 },
      { event: 'canceled', reason: 'shutdown', revision: 3 },
    ]);
    expect([watch.closed, left()]).toEqual(['closed', 1]);
  });

  test('of a reader that has gone is the end of the watch', () => {
    const { delivery, watch, change, left } = rig();
    change(2);
    delivery.gone();
    delivery.gone();
    expect([watch.closed, left()]).toEqual(['closed', 1]);
  });

  test('may be noticed only when something is written', () => {
    const { watch, outlet, change, left } = rig();
    outlet.broken = true;
    outlet.room = 1;
    change(2);
    expect([watch.closed, left(), outlet.taken]).toEqual(['closed', 1, []]);
  });
});

const IDLE = { flush: () => undefined, beat: () => undefined, shutDown: () => undefined };

describe('all deliveries', () => {
  test('write in turns, each once, so that others have theirs', async () => {
    const deliveries = new WatchDeliveries(60_000, new AbortController().signal);
    const flushed: number[] = [];
    const all = Array.from({ length: 1000 }, (_, n) => ({
      ...IDLE,
      flush: () => flushed.push(n),
    }));
    const leave = all.map((one) => deliveries.add(one));
    for (const one of all) deliveries.flushSoon(one);
    // Who waits already waits once.
    for (const one of all.slice(256)) deliveries.flushSoon(one);
    const counts: number[] = [];
    leave[999]?.();
    while (flushed.length < 999) {
      counts.push(flushed.length);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(counts).toEqual([256, 512, 768]);
    expect(flushed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 999 }, (_, n) => n));
    // Afterwards there is no waiting again.
    await new Promise((resolve) => setImmediate(resolve));
    for (const one of all.slice(0, 10)) deliveries.flushSoon(one);
    expect(flushed.length).toBe(1009);
  });

  test('are ended when the server stops', () => {
    const shutdown = new AbortController();
    const deliveries = new WatchDeliveries(60_000, shutdown.signal);
    const ended: number[] = [];
    const leave = Array.from({ length: 40 }, (_, n) =>
      deliveries.add({ ...IDLE, shutDown: () => ended.push(n) }),
    );
    leave[7]?.();
    leave[7]?.();
    expect(deliveries.size).toBe(39);
    shutdown.abort();
    const others = Array.from({ length: 40 }, (_, n) => n).filter((n) => n !== 7);
    expect(ended.toSorted((a, b) => a - b)).toEqual(others);
  });

  test('are kept alive, each in its turn', async () => {
    const deliveries = new WatchDeliveries(16, new AbortController().signal);
    const beats = Array.from({ length: 20 }, () => 0);
    const beaten = Promise.withResolvers<void>();
    const leave = beats.map((_, n) =>
      deliveries.add({
        ...IDLE,
        beat: () => {
          beats[n] = (beats[n] ?? 0) + 1;
          if (beats.every((count) => count >= 2)) beaten.resolve();
        },
      }),
    );
    await beaten.promise;
    expect(Math.max(...beats) - Math.min(...beats)).toBeLessThanOrEqual(1);
    for (const one of leave) one();
    expect(deliveries.size).toBe(0);
  });
});
