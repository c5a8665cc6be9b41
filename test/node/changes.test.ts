import { describe, expect, test } from 'bun:test';
import type { KeyValue } from '../../src/kv/command.ts';
import type { KvChange } from '../../src/kv/event.ts';
import { type ByteString, prefixEnd } from '../../src/lib/bytes.ts';
import { Prng } from '../../src/lib/prng.ts';
import type { WatchedRange } from '../../src/node/api.ts';
import { Changes, isInside } from '../../src/node/changes.ts';
import { EVERYTHING, keyRange, prefixRange } from './support/watch-rig.ts';

function changeOf(revision: number, ...keys: readonly string[]): KvChange {
  const events = keys.map((key) => {
    const kv = { key, modRevision: revision, version: 1 } as KeyValue;
    return { type: 'put', kv, prev: null } as const;
  });
  return { revision, events };
}

class Heard {
  readonly revisions: number[] = [];
  jumps = 0;

  changed({ revision }: KvChange): void {
    this.revisions.push(revision);
  }

  jumped(): void {
    this.jumps += 1;
  }
}

const LETTERS = ['', 'a', 'b', '\xff', '\0'];

function anyKey(prng: Prng): ByteString {
  let key = '';
  for (let n = prng.between(0, 4); n >= 0; n -= 1) key += prng.pick(LETTERS);
  return key as ByteString;
}

function anyRange(prng: Prng): WatchedRange {
  const start = anyKey(prng);
  const end = anyKey(prng);
  return prng.pick<WatchedRange>([
    keyRange(start),
    { start, end: prefixEnd(start) },
    { start, end },
    { start, end: null },
    { start: end, end: `${end}\0` as ByteString },
  ]);
}

describe('changes', () => {
  test('reach exactly those who listen to a key of theirs, once each, however they listen', () => {
    const prng = new Prng(7);
    const changes = new Changes();
    const heard = Array.from({ length: 300 }, () => {
      const range = anyRange(prng);
      const listener = new Heard();
      return {
        range,
        listener,
        leave: changes.subscribe(range, listener),
        expected: [] as number[],
      };
    });
    for (let revision = 2; revision < 400; revision += 1) {
      const keys = Array.from({ length: 1 + prng.between(0, 3) }, () => anyKey(prng));
      if (prng.chance(0.2)) heard.splice(prng.between(0, heard.length), 1)[0]?.leave();
      changes.changed(changeOf(revision, ...keys));
      for (const { range, expected } of heard) {
        if (keys.some((key) => isInside(range, key))) expected.push(revision);
      }
      expect(changes.revision).toBe(revision);
    }
    expect(heard.length).toBeGreaterThan(100);
    for (const { listener, expected } of heard) expect(listener.revisions).toEqual(expected);
    expect(changes.size).toBe(heard.length);
    changes.jumped();
    for (const { listener } of heard) expect(listener.jumps).toBe(1);
    for (const { leave } of heard) leave();
    expect(changes.size).toBe(0);
    changes.changed(changeOf(500, 'a'));
    for (const { listener, expected } of heard) expect(listener.revisions).toEqual(expected);
  });

  test('to leave twice is to leave once, though another took the same place', () => {
    const changes = new Changes();
    const [first, second] = [new Heard(), new Heard()];
    const leave = changes.subscribe(keyRange('a'), first);
    leave();
    changes.subscribe(keyRange('a'), second);
    leave();
    changes.changed(changeOf(2, 'a'));
    expect([changes.size, first.revisions, second.revisions]).toEqual([1, [], [2]]);
  });

  test('are not told to those who join or have left meanwhile', () => {
    const changes = new Changes();
    const [late, gone] = [new Heard(), new Heard()];
    let leave = (): void => undefined;
    changes.subscribe(EVERYTHING, {
      changed: () => {
        changes.subscribe(EVERYTHING, late);
        leave();
      },
      jumped: () => undefined,
    });
    leave = changes.subscribe(EVERYTHING, gone);
    changes.changed(changeOf(2, 'a'));
    expect([late.revisions, gone.revisions]).toEqual([[], []]);
  });

  test('count as told when all have been told, and not before', () => {
    const changes = new Changes();
    const seen: number[] = [];
    const note = { changed: () => seen.push(changes.revision), jumped: () => undefined };
    changes.subscribe(EVERYTHING, note);
    changes.subscribe(keyRange('a'), note);
    changes.changed(changeOf(2, 'a'));
    changes.changed(changeOf(3, 'a'));
    // Who is told the last would else be said to be as far as that before it has heard it.
    expect(seen).toEqual([0, 0, 2, 2]);
    expect(changes.revision).toBe(3);
  });

  test('cost no look at each of many listeners', () => {
    const changes = new Changes();
    let looks = 0;
    let calls = 0;
    const counting = {
      changed: () => {
        calls += 1;
      },
      jumped: () => undefined,
    };
    const observed = ({ start, end }: WatchedRange): WatchedRange => ({
      get start() {
        looks += 1;
        return start;
      },
      end,
    });
    for (let n = 0; n < 10_000; n += 1) {
      changes.subscribe(observed(keyRange(`key/${n}`)), counting);
      changes.subscribe(observed(prefixRange(`prefix/${n}/`)), counting);
    }
    changes.subscribe(observed({ ...keyRange('x'), end: null }), counting);
    looks = 0;
    changes.changed(changeOf(2, 'key/77', 'prefix/5000/x'));
    // Once for each key, at the only range that is neither a key nor a prefix.
    expect([calls, looks]).toEqual([2, 2]);
  });
});
