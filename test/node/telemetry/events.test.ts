import { describe, expect, test } from 'bun:test';
import { bytesOfText, type ByteString } from '../../../src/lib/bytes.ts';
import type { Logger } from '../../../src/lib/logger.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import type { NodeEvent } from '../../../src/node/api.ts';
import { EventBus } from '../../../src/node/telemetry/events.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { NodeCluster, put } from '../support/node-cluster.ts';

const busWith = (logger: Logger = silentLogger) => new EventBus(new ManualClock(), logger);

function collector() {
  const events: NodeEvent[] = [];
  return { events, listener: (event: NodeEvent) => void events.push(event) };
}

describe('the bus', () => {
  test('numbers events and gives them to all that listen', () => {
    const bus = busWith();
    const one = collector();
    const stop = bus.subscribe('state', null, one.listener);
    bus.emit('node', { type: 'a' });
    stop();
    bus.emit('node', { type: 'b' });
    expect(one.events.map(({ id, event }) => [id, event.type])).toEqual([[1, 'a']]);
  });

  test('gives what it still holds to those who come back', () => {
    const bus = busWith();
    for (let n = 1; n <= 10_000; n += 1) bus.emit('node', { type: 'a', n });
    const all = collector();
    const some = collector();
    bus.subscribe('state', 0, all.listener);
    bus.subscribe('state', 9990, some.listener);
    expect(some.events.map(({ id }) => id)).toEqual(
      Array.from({ length: 10 }, (_, at) => 9991 + at),
    );
    expect(all.events.length).toBeGreaterThanOrEqual(4096);
    expect(all.events.length).toBeLessThanOrEqual(2 * 4096);
    expect(all.events.at(-1)?.id).toBe(10_000);
  });

  test('tells of messages only those who ask, and does not keep them', () => {
    const bus = busWith();
    const states = collector();
    const messages = collector();
    bus.subscribe('state', null, states.listener);
    expect(bus.wantsMessages).toBe(false);
    bus.subscribe('message', null, messages.listener);
    expect(bus.wantsMessages).toBe(true);
    bus.emit('raft', { type: 'message' }, 'message');
    expect([states.events.length, messages.events.length]).toEqual([0, 1]);
    const late = collector();
    bus.subscribe('message', 0, late.listener);
    expect(late.events).toEqual([]);
  });

  test('tells of messages in a log of the level trace', () => {
    const lines: string[] = [];
    const logger = (least: string): Logger => ({
      enabled: (level) => level === least,
      log: (level, family, message) => lines.push(`${level} ${family} ${message}`),
    });
    expect(busWith(logger('debug')).wantsMessages).toBe(false);
    const bus = busWith(logger('trace'));
    expect(bus.wantsMessages).toBe(true);
    bus.emit('raft', { type: 'message' }, 'message', 'trace');
    expect(lines).toEqual(['trace raft message']);
  });

  test('drops a listener that fails, and goes on', () => {
    const warnings: string[] = [];
    const bus = busWith({
      enabled: () => false,
      log: (_level, _family, message) => warnings.push(message),
    });
    const good = collector();
    let calls = 0;
    bus.subscribe('state', null, () => {
      calls += 1;
      throw new Error('cannot listen');
    });
    bus.subscribe('state', null, good.listener);
    bus.emit('node', { type: 'a' });
    bus.emit('node', { type: 'b' });
    expect([calls, good.events.length, warnings.length]).toEqual([1, 2, 1]);
  });

  test('says on whose demand there is detail', () => {
    const bus = busWith();
    const wanted: boolean[] = [];
    bus.onDemand((now) => wanted.push(now));
    const stop = bus.subscribe('state', null, () => undefined);
    stop();
    stop();
    expect(wanted).toEqual([false, true, false]);
    expect(
      busWith({ enabled: (level) => level === 'debug', log: () => undefined }).wantsDetail,
    ).toBe(true);
  });

  test('logs the weighty decisions of the core as information', () => {
    const lines: string[] = [];
    const bus = busWith({ enabled: () => true, log: (level) => lines.push(level) });
    const reason = { code: 'x' };
    bus.trace({ type: 'transfer', term: 1, to: '1' as never, reason });
    bus.trace({ type: 'commit', term: 1, from: 1, to: 2 });
    expect(lines).toEqual(['info', 'debug']);
  });
});

describe('changes of keys', () => {
  test('are told while somebody listens, with keys that may be any bytes', async () => {
    const cluster = await NodeCluster.of(1);
    const machine = cluster.machine(1);
    await cluster.put(machine, 'before', '1');
    const { events, listener } = collector();
    const stop = machine.node.subscribe('state', null, listener);
    await cluster.put(machine, 'ä', '1');
    const binary = { ...put('x', '1'), key: '\u00ff\u0000' as ByteString };
    await cluster.done(machine.node.propose(binary, cluster.context()));
    const all = { kind: 'delete', key: bytesOfText(''), end: null, open: true } as const;
    const gone = { ...all, condition: null, prev: false };
    await cluster.done(machine.node.propose(gone, cluster.context()));
    stop();
    await cluster.put(machine, 'after', '1');
    const changes = events.filter(({ event }) => ['put', 'delete'].includes(event.type));
    expect(changes.every(({ family, level }) => family === 'kv' && level === 'state')).toBe(true);
    expect(changes.map(({ event }) => event)).toEqual([
      { type: 'put', key: 'ä', revision: 3 },
      { type: 'put', key: '/wA=', keyEncoding: 'base64', revision: 4 },
      { type: 'delete', key: 'before', revision: 5 },
      { type: 'delete', key: 'ä', revision: 5 },
      { type: 'delete', key: '/wA=', keyEncoding: 'base64', revision: 5 },
    ]);
    const late = collector();
    machine.node.subscribe('state', 0, late.listener);
    expect(JSON.stringify(late.events)).not.toContain('after');
  });

  test('are lines of the log at the level debug', async () => {
    const lines: unknown[] = [];
    const logger: Logger = {
      enabled: (level) => level !== 'trace',
      log: (level, family, message, fields) => {
        if (message === 'put') lines.push({ level, family, ...fields });
      },
    };
    const cluster = await NodeCluster.of(1, { logger });
    await cluster.put(cluster.machine(1), 'a', '1');
    expect(lines).toEqual([{ level: 'debug', family: 'kv', type: 'put', key: 'a', revision: 2 }]);
  });
});
