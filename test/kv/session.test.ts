import { describe, expect, test } from 'bun:test';
import type { AppliedResult } from '../../src/kv/command.ts';
import {
  type Refusal,
  SESSION_LIMITS,
  type SessionLimits,
  Sessions,
} from '../../src/kv/session.ts';
import { pair } from './support/commands.ts';

const SMALL: SessionLimits = { ...SESSION_LIMITS, window: 3, clients: 2, opaqueRequests: 4 };

/** Sessions with a counter in place of a store: each answer is the number of the carrying-out. */
class Rig {
  readonly sessions: Sessions;
  carriedOut = 0;

  constructor(limits: SessionLimits = SMALL) {
    this.sessions = Sessions.at(0, limits);
  }

  /** Sends requests at a time; answers the numbers, or why not. */
  send(at: number, ...names: string[]): (number | Refusal)[] {
    return names.map((name) => this.sendAs(at, name, 'digest'));
  }

  sendAs(at: number, name: string, digest: string, prev = ''): number | Refusal {
    this.sessions.advance(at);
    const outcome = this.sessions.once(name, digest, (): AppliedResult => {
      this.carriedOut += 1;
      return {
        type: 'put',
        revision: this.carriedOut,
        created: true,
        prev: pair('k', prev, [1, 1, 1]),
      };
    });
    return typeof outcome === 'string' ? outcome : outcome.revision;
  }
}

const KEEP = SMALL.keepMs;

describe('any name', () => {
  test.each(['c.1', 'opaque', '__proto__', 'constructor.1', '10', '2'])('%s', (name) => {
    const rig = new Rig();
    expect(rig.send(1, name, name, name)).toEqual([1, 1, 1]);
    expect(rig.sendAs(1, name, 'other')).toBe('request-mismatch');
    expect(rig.send(1, name)).toEqual([1]);
    expect(rig.carriedOut).toBe(1);
  });

  test('names stand for themselves', () => {
    const names = ['c.1', 'c.2', 'd.1', 'c.01', 'c', 'd'];
    expect(new Rig().send(1, ...names, ...names)).toEqual([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
  });
});

describe('a client that counts', () => {
  test('its newest requests are remembered, whatever the order they came in', () => {
    const rig = new Rig();
    expect(rig.send(1, 'c.5', 'c.9', 'c.7')).toEqual([1, 2, 3]);
    expect(rig.send(1, 'c.6')).toEqual([4]);
    expect(rig.send(1, 'c.5', 'c.4', 'c.0')).toEqual(Array(3).fill('request-expired'));
    expect(rig.send(1, 'c.6', 'c.7', 'c.9', 'c.8')).toEqual([4, 3, 2, 5]);
    expect(rig.send(1, 'c.6', 'c.7')).toEqual(['request-expired', 3]);
  });

  test('a number below a full window is carried out once, and forgotten at once', () => {
    const rig = new Rig();
    expect(rig.send(1, 'c.10', 'c.11', 'c.12', 'c.5')).toEqual([1, 2, 3, 4]);
    expect(rig.send(1, 'c.5', 'c.10', 'c.11', 'c.12')).toEqual(['request-expired', 1, 2, 3]);
  });

  test('an expired request of other content is expired all the same', () => {
    const rig = new Rig();
    rig.send(1, 'c.1', 'c.2', 'c.3', 'c.4');
    expect(rig.sendAs(1, 'c.1', 'other')).toBe('request-expired');
  });

  test('clients do not share a window', () => {
    const rig = new Rig();
    rig.send(1, 'c.1', 'c.2', 'c.3', 'c.4');
    expect(rig.send(1, 'd.1', 'd.1', 'c.1', 'c.2')).toEqual([5, 5, 'request-expired', 2]);
  });

  test('idle for just ten minutes it is known, for longer it is forgotten with its floor', () => {
    const rig = new Rig();
    rig.send(1, 'c.1', 'c.2', 'c.3', 'c.4');
    expect(rig.send(1 + KEEP, 'c.4', 'c.1')).toEqual([4, 'request-expired']);
    expect(rig.send(2 + 2 * KEEP, 'c.4', 'c.1')).toEqual([5, 6]);
  });

  test.each<[string, string, string]>([
    ['a repeated request', 'c.1', 'digest'],
    ['a mismatch', 'c.1', 'other'],
    ['an expired request', 'c.0', 'digest'],
  ])('%s is a sign of life', (_name, name, digest) => {
    const rig = new Rig();
    rig.send(1, 'c.0', 'c.1', 'c.2', 'c.3');
    for (let at = 1; at < 5 * KEEP; at += KEEP) rig.sendAs(at, name, digest);
    expect(rig.send(5 * KEEP, 'c.2')).toEqual([3]);
  });

  test('a client too many is refused until another is forgotten', () => {
    const rig = new Rig();
    expect(rig.send(1, 'c.1', 'd.1', 'e.1', 'c.2')).toEqual([1, 2, 'too-many-requests', 3]);
    expect(rig.send(KEEP, 'd.1')).toEqual([2]);
    expect(rig.send(KEEP + 1, 'e.1')).toEqual(['too-many-requests']);
    expect(rig.send(KEEP + 2, 'e.1', 'c.1')).toEqual([4, 'too-many-requests']);
    expect(rig.carriedOut).toBe(4);
  });
});

describe('an opaque name', () => {
  test('is remembered for ten minutes from the first time, however often it is sent', () => {
    const rig = new Rig();
    rig.send(1, 'x');
    expect(rig.send(KEEP, 'x')).toEqual([1]);
    expect(rig.send(KEEP + 1, 'x')).toEqual([1]);
    expect(rig.send(KEEP + 2, 'x')).toEqual([2]);
  });

  test('one too many is refused until another is forgotten', () => {
    const rig = new Rig();
    expect(rig.send(1, 'a', 'b', 'c')).toEqual([1, 2, 3]);
    expect(rig.send(2, 'd', 'e', 'a', 'n.1')).toEqual([4, 'too-many-requests', 1, 5]);
    expect(rig.send(KEEP + 1, 'e')).toEqual(['too-many-requests']);
    expect(rig.send(KEEP + 2, 'e', 'd', 'a')).toEqual([6, 4, 7]);
  });
});

describe('time', () => {
  test('never goes back', () => {
    const rig = new Rig();
    rig.send(KEEP + 5, 'x');
    expect(rig.send(0, 'y')).toEqual([2]);
    // Sent at "0", but it was KEEP + 5 by then.
    expect(rig.send(2 * KEEP + 5, 'x', 'y')).toEqual([1, 2]);
    expect(rig.send(2 * KEEP + 6, 'x', 'y')).toEqual([3, 4]);
  });

  test('counts whole milliseconds', () => {
    const [rig, other] = [new Rig(), new Rig()];
    rig.send(5.75, 'x');
    other.send(5, 'x');
    expect(rig.sessions.hash()).toEqual(other.sessions.hash());
    expect(rig.sessions.state().clock).toBe(5);
  });
});

test('the budget of bytes: an answer may exceed it, then new requests are refused', () => {
  const rig = new Rig({ ...SMALL, bytes: 5000 });
  expect(rig.sendAs(1, 'x', 'digest', 'v'.repeat(6000))).toBe(1);
  expect(rig.send(1, 'x', 'y', 'c.1')).toEqual([1, 'too-many-requests', 'too-many-requests']);
  expect(rig.send(KEEP + 2, 'y', 'c.1')).toEqual([2, 3]);
});

test('clients that are refused for want of room do not keep each other out for ever', () => {
  const rig = new Rig({ ...SMALL, bytes: 5000 });
  rig.send(1, 'c.1', 'd.1');
  rig.sendAs(1, 'x', 'digest', 'v'.repeat(6000));
  const refused = Array(2).fill('too-many-requests');
  // The opaque request goes after its time, and leaves room for the clients.
  expect(rig.send(KEEP, 'c.2', 'd.2')).toEqual(refused);
  expect(rig.send(KEEP + 2, 'c.2', 'd.2')).toEqual([4, 5]);
  rig.sendAs(KEEP + 2, 'c.3', 'digest', 'v'.repeat(6000));
  for (let at = KEEP + 3; at <= 2 * KEEP + 2; at += KEEP / 10) {
    expect(rig.send(at, 'c.4', 'd.3')).toEqual(refused);
  }
  expect(rig.send(2 * KEEP + 3, 'c.4', 'd.3')).toEqual([7, 8]);
});

describe('a node that forwards', () => {
  test('is let in, however much users have remembered', () => {
    const rig = new Rig({ ...SMALL, bytes: 5000 });
    rig.sendAs(1, 'x', 'digest', 'v'.repeat(6000));
    expect(rig.send(1, 'c.1', '~n.1', '~n.1', '~m.1', '~l.1')).toEqual([
      'too-many-requests',
      2,
      2,
      3,
      4,
    ]);
    const crowd = new Rig();
    expect(crowd.send(1, 'c.1', 'd.1', 'e.1', '~n.1')).toEqual([1, 2, 'too-many-requests', 3]);
  });

  test('leaves all room to users', () => {
    const rig = new Rig({ ...SMALL, bytes: 5000 });
    for (const name of ['~n.1', '~m.1', '~l.1']) rig.sendAs(1, name, 'digest', 'v'.repeat(6000));
    expect(rig.send(1, 'c.1', 'd.1', 'e.1', 'x')).toEqual([4, 5, 'too-many-requests', 6]);
  });

  test('is remembered by its newest answers that fit, one at least; the rest is expired', () => {
    const rig = new Rig({ ...SMALL, nodeBytes: 5000 });
    const large = (name: string) => rig.sendAs(1, name, 'digest', 'v'.repeat(2000));
    expect(['~n.1', '~n.2', '~n.1', '~n.3', '~n.1', '~n.2'].map(large)).toEqual([
      1,
      2,
      1,
      3,
      'request-expired',
      2,
    ]);
    expect(rig.sendAs(1, '~n.4', 'digest', 'v'.repeat(9000))).toBe(4);
    expect(rig.send(1, '~n.4', '~n.3', '~n.5', '~n.4')).toEqual([
      4,
      'request-expired',
      5,
      'request-expired',
    ]);
    // It counts anew what it has when some of it was forgotten.
    expect(['~n.6', '~n.7', '~n.6'].map(large)).toEqual([6, 7, 6]);
    // Users have the number that was promised, whatever they hold.
    expect(['c.1', 'c.2', 'c.3', 'c.1'].map(large)).toEqual([8, 9, 10, 8]);
  });

  test('does what was expired no more, although there is room again', () => {
    const rig = new Rig({ ...SMALL, window: 10, nodeBytes: 5000 });
    for (const n of [1, 2, 3]) rig.sendAs(1, `~n.${n}`, 'digest', 'v'.repeat(2000));
    expect(rig.send(1, '~n.1', '~n.4', '~n.1')).toEqual(['request-expired', 4, 'request-expired']);
    expect(rig.send(2, '~n.5', '~n.1')).toEqual([5, 'request-expired']);
    expect(rig.carriedOut).toBe(5);
  });

  test('is forgotten like others, and leaves no trace', () => {
    const [rig, fresh] = [new Rig(), new Rig()];
    rig.send(1, '~n.1', '~n.2', '~n.3', '~n.4');
    for (const { sessions } of [rig, fresh]) sessions.advance(2 + KEEP);
    expect(rig.sessions.hash()).toEqual(fresh.sessions.hash());
    expect(rig.send(2 + KEEP, '~n.1')).toEqual([5]);
  });
});

test('what was forgotten leaves no trace in hash and state', () => {
  const [rig, fresh] = [new Rig(), new Rig()];
  rig.send(1, 'c.1', 'c.2', 'c.3', 'c.4', 'x', 'y', 'd.1');
  rig.sessions.advance(3 * KEEP);
  fresh.sessions.advance(3 * KEEP);
  expect(rig.sessions.hash()).toEqual(fresh.sessions.hash());
  const { clients, requests } = rig.sessions.state();
  expect([clients.size, requests.size]).toEqual([0, 0]);
  // The room is free again too.
  expect(rig.send(3 * KEEP, 'a', 'b', 'c', 'd', 'e', 'x.1', 'y.1')).toEqual([
    8,
    9,
    10,
    11,
    'too-many-requests',
    12,
    13,
  ]);
});

test('the hash sees every part of what is remembered', () => {
  const hashes = [
    (rig: Rig) => rig.sessions.advance(7),
    (rig: Rig) => rig.send(7, 'c.1'),
    (rig: Rig) => rig.send(7, 'c.2'),
    (rig: Rig) => rig.send(7, 'x'),
    (rig: Rig) => rig.sendAs(7, 'c.1', 'other'),
    (rig: Rig) => rig.sendAs(7, 'c.1', 'digest', 'prev'),
    (rig: Rig) => [rig.send(6, 'c.1'), rig.sessions.advance(7)],
    (rig: Rig) => [rig.send(6, 'x'), rig.sessions.advance(7)],
    (rig: Rig) => rig.send(7, 'c.1', 'c.2', 'c.3', 'c.4'),
    (rig: Rig) => rig.send(7, 'c.2', 'c.3', 'c.4'),
  ].map((act) => {
    const rig = new Rig();
    act(rig);
    const { high, low } = rig.sessions.hash();
    return `${high} ${low}`;
  });
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('the standard limits are the promised ones', () => {
  const rig = new Rig(SESSION_LIMITS);
  for (let n = 1; n <= 1001; n += 1) rig.send(1, `c.${n}`);
  expect(rig.send(1, 'c.1', 'c.2', 'c.1001')).toEqual(['request-expired', 2, 1001]);
  expect(SESSION_LIMITS.keepMs).toBe(600_000);
  expect(SESSION_LIMITS.opaqueRequests).toBe(100_000);
});
