import fc from 'fast-check';
import type { Condition, KvCommand } from '../../../src/kv/command.ts';
import { SESSION_LIMITS, type SessionLimits } from '../../../src/kv/session.ts';
import { type ByteString, bytesOfBuffer, bytesOfText } from '../../../src/lib/bytes.ts';

/** So tight that random runs reach all of them. */
export const TIGHT: SessionLimits = {
  ...SESSION_LIMITS,
  window: 3,
  clients: 3,
  opaqueRequests: 5,
  keepMs: 50,
};

const AWKWARD = [
  '',
  '__proto__',
  'constructor',
  'toString',
  '10',
  '2',
  '😀',
  '\uffff',
  'a',
  'b',
  'c',
];

/** Few keys, so that they meet; with names that objects have, numbers, and bytes beyond text. */
export const anyKey: fc.Arbitrary<ByteString> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...AWKWARD).map(bytesOfText) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3 }).map(bytesOfBuffer) },
);

const anyValue = fc.oneof(
  fc.constantFrom('', '1', '__proto__', '\u0000\n"\\').map(bytesOfText),
  fc.uint8Array({ maxLength: 8 }).map(bytesOfBuffer),
);

/** Few names, so that requests are repeated, with and without the same content. */
const anyRequestId = fc.oneof(
  fc.constant(null),
  fc
    .tuple(fc.constantFrom('c', 'd', 'e', '__proto__'), fc.integer({ min: 0, max: 6 }))
    .map(([client, n]) => `${client}.${n}`),
  fc.constantFrom('c', 'x', 'y', 'z', 'constructor', '10', '2', 'c.01'),
);

const anyCondition: fc.Arbitrary<Condition | null> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constant({ type: 'absent' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('mod-revision' as const),
      revision: fc.integer({ min: 0, max: 12 }),
    }),
  },
);

const base = {
  v: fc.constant(1 as const),
  requestId: anyRequestId,
  at: fc.constant(0),
  by: fc.constantFrom(null, null, null, 'someone'),
  key: anyKey,
  condition: anyCondition,
  prev: fc.boolean(),
};

const anyPut: fc.Arbitrary<KvCommand> = fc.record({
  ...base,
  kind: fc.constant('put' as const),
  value: anyValue,
});

const anyDelete: fc.Arbitrary<KvCommand> = fc.record({
  ...base,
  kind: fc.constant('delete' as const),
  end: fc.option(anyKey, { nil: null }),
  open: fc.boolean(),
});

/**
 * Histories. Time moves on with the place in the history, but wanders, as the clocks of successive
 * leaders do; some commands are sent again, later and word for word.
 */
export const anyHistory: fc.Arbitrary<readonly KvCommand[]> = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 3, arbitrary: anyPut }, { weight: 1, arbitrary: anyDelete }),
      fc.option(fc.integer({ min: 1, max: 12 }), { nil: 0, freq: 3 }),
      fc.integer({ min: -5, max: 15 }),
    ),
    { minLength: 1, maxLength: 120, size: 'max' },
  )
  .map((draws) => {
    const history: KvCommand[] = [];
    draws.forEach(([drawn, back, jitter], i) => {
      const command = history[history.length - back] ?? drawn;
      history.push({ ...command, at: Math.max(0, i * 5 + jitter) });
    });
    return history;
  });
