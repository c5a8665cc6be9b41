import { type Static, Type } from '@sinclair/typebox';
import { IdText } from './cluster.ts';

/** The longest time to live, in seconds. */
export const TTL_MAX = 9_000_000_000;

const Ttl = Type.Integer({
  minimum: 1,
  maximum: TTL_MAX,
  description: 'The time to live, in seconds.',
});

const Revision = Type.Integer({ minimum: 0, description: 'The revision of the store after it.' });

const Next = Type.Union([Type.String(), Type.Null()], {
  description: 'The cursor of the next page; null after the last one.',
});

export const GrantBody = Type.Object(
  {
    ttl: Ttl,
    id: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,18}$',
        description: 'The id the lease is to have, in decimal; one is drawn when it is left out.',
      }),
    ),
  },
  { $id: 'GrantLease', additionalProperties: false },
);
export type GrantBody = Static<typeof GrantBody>;

/** A lease, and the time it was promised. */
export const LeaseAnswer = Type.Object({ id: IdText, ttl: Ttl }, { $id: 'Lease' });
export type LeaseAnswer = Static<typeof LeaseAnswer>;

const LeaseKey = Type.Union(
  [Type.String(), Type.Object({ base64: Type.String() }, { additionalProperties: false })],
  { description: 'A key, as text; `{"base64":"…"}` when it is not UTF-8.' },
);
export type LeaseKey = Static<typeof LeaseKey>;

export const LeaseDetailsAnswer = Type.Object(
  {
    id: IdText,
    ttl: Ttl,
    remaining: Type.Number({
      minimum: 0,
      description: 'Seconds that are left at least, to the millisecond; never more than `ttl`.',
    }),
    keys: Type.Array(LeaseKey, { description: 'The keys attached to it, in byte order.' }),
    next: Next,
  },
  { $id: 'LeaseDetails' },
);
export type LeaseDetailsAnswer = Static<typeof LeaseDetailsAnswer>;

export const LeasesAnswer = Type.Object(
  {
    leases: Type.Array(LeaseAnswer, { description: 'In the order of their ids as texts.' }),
    next: Next,
  },
  { $id: 'Leases' },
);
export type LeasesAnswer = Static<typeof LeasesAnswer>;

export const RevokeAnswer = Type.Object(
  {
    deleted: Type.Integer({ minimum: 0, description: 'How many keys went with the lease.' }),
    revision: Revision,
  },
  { $id: 'RevokedLease' },
);
export type RevokeAnswer = Static<typeof RevokeAnswer>;
