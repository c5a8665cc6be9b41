import fc from 'fast-check';
import type {
  Compare,
  Condition,
  KvCommand,
  LeaseId,
  PutFields,
  RangeOptions,
  TxnFields,
  TxnOp,
} from '../../../src/kv/command.ts';
import { SESSION_LIMITS, type SessionLimits } from '../../../src/kv/session.ts';
import { validateTxn } from '../../../src/kv/txn-rules.ts';
import {
  type ByteString,
  bytesOfBuffer,
  bytesOfText,
  EMPTY_BYTES,
} from '../../../src/lib/bytes.ts';

/** So tight that random runs reach all of them. */
export const TIGHT: SessionLimits = {
  ...SESSION_LIMITS,
  window: 2,
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
  { weight: 2, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('c', 'd', 'e', '__proto__', '~n'), fc.integer({ min: 0, max: 6 }))
      .map(([client, n]) => `${client}.${n}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('c', 'x', 'y', 'z', 'constructor', '10', '2', 'c.01') },
);

/**
 * Numbers in generated commands that stand for what is only known when the command's turn comes
 * (history.ts): from here on, so many revisions before the present one.
 */
export const BACK_FROM_PRESENT = 2 ** 40;
/** The modRevision of the command's key. */
export const RIGHT_REVISION = 2 ** 41;
/** The epoch of the lease. */
export const RIGHT_EPOCH = 2 ** 42;

const anyRevision = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 7 }).map((n) => BACK_FROM_PRESENT + n) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 60 }) },
);

const anyCondition: fc.Arbitrary<Condition | null> = fc.oneof(
  { weight: 12, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constant({ type: 'absent' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('mod-revision' as const),
      revision: fc.oneof(fc.constant(RIGHT_REVISION), anyRevision),
    }),
  },
);

const anyLease = fc.constantFrom('1', '2', '10', '9223372036854775807') as fc.Arbitrary<LeaseId>;

const anyTtl = fc.constantFrom(1, 60, 9_000_000_000);

/** A lease that the command grants itself; mostly none. */
const anyGrant = fc.oneof(
  { weight: 8, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.record({ id: anyLease, ttl: anyTtl }) },
);

const base = {
  v: fc.constant(1 as const),
  requestId: anyRequestId,
  at: fc.constant(0),
  by: fc.constantFrom(null, null, null, 'someone'),
};

const anyPutFields: fc.Arbitrary<PutFields> = fc
  .record({
    key: anyKey,
    value: anyValue,
    lease: fc.oneof(
      { weight: 2, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: anyLease },
    ),
    prev: fc.boolean(),
    ignore: fc.constantFrom(...Array<string>(20).fill(''), 'value', 'lease'),
  })
  .map(({ ignore, ...fields }) => ({
    ...fields,
    ...(ignore === 'value' ? { ignoreValue: true, value: EMPTY_BYTES } : {}),
    ...(ignore === 'lease' ? { ignoreLease: true, lease: null } : {}),
  }));

/** A key more often than a range. */
export const anyRange = fc.record({
  key: anyKey,
  end: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: anyKey }),
  open: fc.constantFrom(false, false, false, true),
});

const rarely = (of: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: of });

export const anyOptions: fc.Arbitrary<RangeOptions> = fc.record({
  revision: fc.oneof(fc.constant(0), anyRevision),
  limit: fc.integer({ min: 0, max: 4 }),
  sort: fc.constantFrom('key', 'version', 'create', 'mod', 'value'),
  order: fc.constantFrom('asc', 'desc'),
  minModRevision: rarely(anyRevision),
  maxModRevision: rarely(anyRevision),
  minCreateRevision: rarely(anyRevision),
  maxCreateRevision: rarely(anyRevision),
  keysOnly: fc.boolean(),
  countOnly: fc.constantFrom(false, false, false, true),
});

const anyOperand = fc.oneof(
  fc.record({ target: fc.constant('value' as const), value: anyValue }),
  fc.record({
    target: fc.constantFrom('version', 'create', 'mod'),
    value: fc.oneof(fc.integer({ min: 0, max: 2 }), anyRevision),
  }),
  fc.record({
    target: fc.constant('lease' as const),
    value: fc.oneof(anyLease, fc.constant('0' as const)),
  }),
);

const anyCompare: fc.Arbitrary<Compare> = fc
  .tuple(anyRange, anyOperand, fc.constantFrom('=', '!=', '<', '>'))
  .map(([range, operand, op]): Compare => ({ ...range, ...operand, op }));

const { txn: anyTxn } = fc.letrec<{ txn: TxnFields; op: TxnOp }>((tie) => ({
  txn: fc.record({
    compare: fc.array(anyCompare, { maxLength: 2 }),
    success: fc.array(tie('op'), { maxLength: 4 }),
    failure: fc.array(tie('op'), { maxLength: 3 }),
  }),
  op: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 5, arbitrary: anyPutFields.map((fields) => ({ type: 'put' as const, ...fields })) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(anyRange, anyOptions)
        .map(([range, options]) => ({ type: 'get' as const, ...range, ...options })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(anyRange, fc.boolean())
        .map(([range, prev]) => ({ type: 'delete' as const, ...range, prev })),
    },
    { weight: 2, arbitrary: tie('txn').map((txn) => ({ type: 'txn' as const, ...txn })) },
  ),
}));

const anyEpoch = fc.oneof(
  { weight: 3, arbitrary: fc.constant(RIGHT_EPOCH) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 }) },
);

function commandOf<K extends KvCommand['kind']>(
  kind: K,
  fields: fc.Arbitrary<object>,
): fc.Arbitrary<KvCommand> {
  return fc
    .tuple(fc.record(base), fields)
    .map(([common, own]) => ({ ...common, kind, ...own }) as unknown as KvCommand);
}

const anyId = fc.record({ id: anyLease });
const anyStamp = fc.record({ id: anyLease, epoch: anyEpoch });
/** Histories go through the terms from 1 on. */
const anyTerm = fc.integer({ min: 1, max: 6 });

const anyCommand: fc.Arbitrary<KvCommand> = fc.oneof(
  {
    weight: 9,
    arbitrary: commandOf(
      'put',
      fc.tuple(anyPutFields, anyCondition, anyGrant).map(([fields, condition, grant]) => ({
        ...fields,
        condition,
        ...(grant === null || fields.ignoreLease === true ? {} : { grant, lease: grant.id }),
      })),
    ),
  },
  {
    weight: 2,
    arbitrary: commandOf(
      'delete',
      fc
        .tuple(anyRange, anyCondition, fc.boolean())
        .map(([range, condition, prev]) => ({ ...range, condition, prev })),
    ),
  },
  {
    weight: 5,
    arbitrary: commandOf(
      'txn',
      fc
        .tuple(
          anyTxn.filter((txn) => validateTxn(txn) === null),
          anyGrant,
        )
        .map(([txn, grant]) => ({ ...txn, grant })),
    ),
  },
  { weight: 2, arbitrary: commandOf('compact', fc.record({ revision: anyRevision })) },
  {
    weight: 3,
    arbitrary: commandOf('lease-grant', fc.record({ id: anyLease, ttl: anyTtl })),
  },
  { weight: 1, arbitrary: commandOf('lease-revoke', anyId) },
  { weight: 1, arbitrary: commandOf('lease-keepalive', anyId) },
  {
    weight: 1,
    arbitrary: commandOf(
      'lease-checkpoint',
      fc.record({
        term: anyTerm,
        leases: fc.array(
          fc
            .tuple(anyStamp, fc.constantFrom(0, 500, 30_000, 90_000))
            .map(([stamp, remaining]) => ({ ...stamp, remaining })),
          { maxLength: 3 },
        ),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: commandOf(
      'lease-expire',
      fc.tuple(anyStamp, anyTerm).map(([stamp, term]) => ({ ...stamp, term })),
    ),
  },
);

/** A command that is yet to be made exact, or one that was sent before. */
export interface Draw {
  readonly command: KvCommand;
  /** How many commands ago the one was that is sent again, word for word; 0 for a new one. */
  readonly back: number;
  readonly at: number;
  readonly term: number;
}

const grants: KvCommand[] = ['1', '2'].map((id) => ({
  v: 1,
  kind: 'lease-grant',
  requestId: null,
  at: 0,
  by: null,
  id: id as LeaseId,
  ttl: 60,
}));

const anyDraw = fc.tuple(
  anyCommand,
  fc.option(fc.integer({ min: 1, max: 12 }), { nil: 0, freq: 3 }),
  fc.integer({ min: -5, max: 15 }),
);

/**
 * Histories. Time moves on with the place in the history, but wanders, as the clocks of successive
 * leaders do; some commands are sent again, later and word for word.
 */
export const anyHistory: fc.Arbitrary<readonly Draw[]> = fc
  .oneof(
    fc.array(anyDraw, { minLength: 1, maxLength: 10 }),
    fc.array(anyDraw, { minLength: 50, maxLength: 80, size: 'max' }),
  )
  .map((draws) =>
    [...grants.map((grant) => [grant, 0, 0] as const), ...draws].map(
      ([command, back, jitter], i) => ({
        command,
        back: back > i ? 0 : back,
        at: Math.max(0, i * 5 + jitter),
        term: 1 + Math.floor(i / 12),
      }),
    ),
  );
