import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { STATE_HASH_FORM } from '../../src/kv/replicated-state.ts';
import { StateMachine } from '../../src/kv/state-machine.ts';
import { bytesOfText } from '../../src/lib/bytes.ts';
import { type Hash64, Hasher, HashSum, hexOfHash, isHashHex } from '../../src/kv/hash.ts';

function hex(fill: (hasher: Hasher) => void): string {
  const hasher = new Hasher();
  fill(hasher);
  return hexOfHash(hasher.finish());
}

test('a hash is sixteen digits, the same on every machine and for ever', () => {
  expect(hex(() => undefined)).toMatchInlineSnapshot(`"048e72bdebb6c228"`);
  expect(hex((hasher) => hasher.text('a').number(1))).toMatchInlineSnapshot(`"ad0d402063bade35"`);
  expect(hex((hasher) => hasher.text('\u0000\u00ff-eight'))).toMatchInlineSnapshot(
    `"e60cf90726ef42fd"`,
  );
  expect(hexOfHash({ high: 1, low: 0xffffffff })).toBe('00000001ffffffff');
});

test('isHashHex', () => {
  expect(isHashHex('0123456789abcdef')).toBeTrue();
  for (const text of [
    '',
    '0123456789ABCDEF',
    '0123456789abcde',
    '0123456789abcdef0',
    '0'.repeat(15) + 'g',
  ]) {
    expect(isHashHex(text)).toBeFalse();
  }
});

test('fields are told apart', () => {
  const ways: ((hasher: Hasher) => void)[] = [
    (h) => h.text('ab').text('c'),
    (h) => h.text('a').text('bc'),
    (h) => h.text('abc').text(''),
    (h) => h.text('').text('abc'),
    (h) => h.text('abc'),
    (h) => h.text('abc\u0000'),
    (h) => h.text('abc').number(0),
    (h) => h.number(1).number(2),
    (h) => h.number(2).number(1),
    (h) => h.number(2 ** 32 + 1).number(2),
    (h) => h.number(2 ** 31).number(2),
    (h) => h.number(Number.MAX_SAFE_INTEGER).number(2),
  ];
  expect(new Set(ways.map(hex)).size).toBe(ways.length);
});

test('one changed bit anywhere changes both lanes', () => {
  const text = 'x'.repeat(23);
  const plain = new Hasher().text(text).finish();
  for (let i = 0; i < text.length; i += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = String.fromCharCode(text.charCodeAt(i) ^ (1 << bit));
      const other = new Hasher().text(text.slice(0, i) + changed + text.slice(i + 1)).finish();
      expect(other.high).not.toBe(plain.high);
      expect(other.low).not.toBe(plain.low);
    }
  }
});

test('a hundred thousand counted names do not meet, and the lanes are not the same', () => {
  const seen = new Set<string>();
  let equalLanes = 0;
  for (let i = 0; i < 100_000; i += 1) {
    const hash = new Hasher().text(`key-${i}`).number(i).finish();
    seen.add(hexOfHash(hash));
    if (hash.high === hash.low) equalLanes += 1;
  }
  expect(seen.size).toBe(100_000);
  expect(equalLanes).toBeLessThan(3);
});

test('a sum does not depend on the order, and forgets what is taken away', () => {
  const lane = fc.integer({ min: 0, max: 0xffffffff });
  const member: fc.Arbitrary<Hash64> = fc.record({ high: lane, low: lane });
  fc.assert(
    fc.property(fc.array(member), fc.array(member), (kept, gone) => {
      const straight = new HashSum();
      for (const hash of kept) straight.add(hash);
      const roundabout = new HashSum();
      for (const hash of [...gone, ...kept.toReversed()]) roundabout.add(hash);
      for (const hash of gone) roundabout.remove(hash);
      expect(roundabout.value()).toEqual(straight.value());
    }),
    { seed: 1 },
  );
});

test('a state hashes as it always did, or STATE_HASH_FORM must be raised', () => {
  const machine = new StateMachine();
  const at = 1_700_000_000_000;
  const [a, b] = [bytesOfText('a'), bytesOfText('b')];
  const commands = [
    { kind: 'lease-grant', requestId: null, id: '7', ttl: 60 },
    { kind: 'put', requestId: 'c.1', key: a, value: b, lease: '7', condition: null, prev: false },
    { kind: 'put', requestId: 'once', key: b, value: a, condition: null, prev: true },
    { kind: 'put', requestId: null, key: b, value: b, condition: null, prev: false },
    {
      kind: 'delete',
      requestId: null,
      key: a,
      end: null,
      open: false,
      condition: null,
      prev: false,
    },
  ];
  for (const [i, command] of commands.entries()) {
    const result = machine.apply({ v: 1, at, by: null, ...command }, i + 1, 3);
    expect(result.type).not.toBe('invalid-command');
  }
  expect([STATE_HASH_FORM, machine.hash()]).toEqual([1, '319598063c73445d']);
});
