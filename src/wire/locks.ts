import { type Static, Type } from '@sinclair/typebox';
import { IdText } from './cluster.ts';
import { TTL_MAX } from './leases.ts';

/** The lease of a place that is asked for without one, in seconds. */
export const LOCK_TTL_DEFAULT = 60;
/** How long to wait when the request does not say, in ms. */
export const LOCK_WAIT_DEFAULT_MS = 30_000;
/** The most that may be said of the owner of a lock, in bytes. */
export const OWNER_BYTES_MAX = 1024;

const base64Mark = (description: string) => Type.Optional(Type.Literal('base64', { description }));

export const nameFields = {
  name: Type.String({ description: 'The name, as text or base64.' }),
  nameEncoding: base64Mark('The name is not UTF-8.'),
};

const keyFields = {
  key: Type.String({ description: 'The key that stands in the queue, as text or base64.' }),
  keyEncoding: base64Mark('The key is not UTF-8.'),
};

const fencingToken = Type.Integer({
  minimum: 1,
  description: 'The revision that created the key. It grows from holder to holder.',
});

/** What places a request in a queue. */
export const queueFields = {
  ttl: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1, maximum: TTL_MAX }), Type.String()], {
      description:
        'The time to live of a lease that is granted with the place: seconds, or text such as ' +
        `\`30s\`. ${LOCK_TTL_DEFAULT} when there is neither this nor \`lease\`.`,
    }),
  ),
  lease: Type.Optional(
    Type.String({
      pattern: '^[1-9][0-9]{0,18}$',
      description: 'A lease of the client, which it keeps alive itself. Not together with `ttl`.',
    }),
  ),
  wait: Type.Optional(
    Type.String({
      description: 'How long to wait, such as `30s`, which is the default; `0s` tries once.',
    }),
  ),
};

export const LockBody = Type.Object(
  {
    ...queueFields,
    owner: Type.Optional(
      Type.String({ description: `Who asks, for people who look: ${OWNER_BYTES_MAX} bytes.` }),
    ),
  },
  { $id: 'AcquireLock', additionalProperties: false },
);
export type LockBody = Static<typeof LockBody>;

/** What is held. */
export const HeldAnswer = Type.Object(
  { ...nameFields, ...keyFields, lease: IdText, fencingToken },
  { $id: 'Held' },
);
export type HeldAnswer = Static<typeof HeldAnswer>;

/** Someone who holds a lock or waits for it. */
export const QueuedClient = Type.Object(
  {
    ...keyFields,
    lease: IdText,
    fencingToken,
    owner: Type.Optional(Type.String({ description: 'What it said of itself, if anything.' })),
    ownerEncoding: base64Mark('What the key says is not UTF-8.'),
  },
  { $id: 'QueuedClient' },
);
export type QueuedClient = Static<typeof QueuedClient>;

export const queueStateFields = {
  waiting: Type.Integer({
    minimum: 0,
    description: 'How many wait, of whom all may not be shown.',
  }),
  revision: Type.Integer({ minimum: 0, description: 'The revision that the answer is of.' }),
};

export const LockStateAnswer = Type.Object(
  {
    ...nameFields,
    holder: Type.Union([QueuedClient, Type.Null()]),
    queue: Type.Array(QueuedClient, { description: 'Who waits, in the order of their turns.' }),
    ...queueStateFields,
  },
  { $id: 'LockState' },
);
export type LockStateAnswer = Static<typeof LockStateAnswer>;

export const ReleaseAnswer = Type.Object(
  {
    deleted: Type.Integer({ minimum: 1, maximum: 1 }),
    revision: Type.Integer({ minimum: 0, description: 'The revision of the store after it.' }),
  },
  { $id: 'Released' },
);
export type ReleaseAnswer = Static<typeof ReleaseAnswer>;
