import { type TSchema, Type } from '@sinclair/typebox';
import { IdText } from './cluster.ts';
import type { Answer, Endpoint, Parameter } from './endpoint.ts';
import { WRITE_ERRORS } from './endpoints-kv.ts';
import type { ErrorCode } from './errors.ts';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from './kv.ts';
import {
  GrantBody,
  LeaseAnswer,
  LeaseDetailsAnswer,
  LeasesAnswer,
  RevokeAnswer,
} from './leases.ts';
import { COMMON_PARAMETERS, CONSISTENCY, IDEMPOTENCY_KEY } from './parameters.ts';

const ID = '4037200794235010051';

const LEASE_ID: Parameter = {
  name: 'id',
  in: 'path',
  description: 'The id of the lease.',
  schema: IdText,
  example: ID,
};

function pageParameters(items: string): readonly Parameter[] {
  return [
    {
      name: 'limit',
      in: 'query',
      description: `Most ${items} on the page.`,
      schema: Type.Integer({ minimum: 1, maximum: PAGE_LIMIT_MAX, default: PAGE_LIMIT_DEFAULT }),
      example: 100,
    },
    {
      name: 'cursor',
      in: 'query',
      description: 'The `next` of the page before.',
      schema: Type.String(),
      example: 'YWZ0ZXIgbGVhc2VzOjQy',
    },
  ];
}

function json(description: string, schema: TSchema, example: unknown): Answer {
  return { description, content: [{ contentType: 'application/json', schema, example }] };
}

const READ_ERRORS: readonly ErrorCode[] = [
  'bad-request',
  'bad-key',
  'uri-too-long',
  'wrong-host',
  'too-many-requests',
  'read-timeout',
  'timeout',
  'no-leader',
  'shutting-down',
  'node-stopped',
  'internal',
];
const WRITE_PARAMETERS = [IDEMPOTENCY_KEY, ...COMMON_PARAMETERS] as const;

/** Times to live that keys can share. */
export const LEASE_ENDPOINTS = {
  grant: {
    method: 'post',
    path: '/leases',
    id: 'grantLease',
    tag: 'Leases',
    summary: 'Grant a lease',
    description:
      'It ends when it was not kept alive for `ttl` seconds, not before and a little later, and ' +
      'the keys attached to it go with it, in one revision.',
    parameters: WRITE_PARAMETERS,
    body: {
      contentType: 'application/json',
      schema: GrantBody,
      example: { ttl: 30 },
      required: true,
    },
    answers: { 201: json('The new lease.', LeaseAnswer, { id: ID, ttl: 30 }) },
    errors: [
      ...WRITE_ERRORS,
      'unsupported-media-type',
      'request-timeout',
      'lease-exists',
      'too-many-leases',
      'quota-exceeded',
    ],
  },
  keepAlive: {
    method: 'post',
    path: '/leases/{id}/keepalive',
    id: 'keepLeaseAlive',
    tag: 'Leases',
    summary: 'Keep a lease alive',
    description:
      'All of its time is left again. The answer is a promise that every later leader keeps; a ' +
      'third of `ttl` is a good pause between two of these.',
    parameters: [LEASE_ID, ...WRITE_PARAMETERS],
    answers: { 200: json('It is renewed.', LeaseAnswer, { id: ID, ttl: 30 }) },
    errors: [...WRITE_ERRORS, 'read-timeout', 'lease-not-found'],
  },
  details: {
    method: 'get',
    path: '/leases/{id}',
    id: 'getLease',
    tag: 'Leases',
    summary: 'What is left of a lease, and its keys',
    parameters: [LEASE_ID, ...pageParameters('keys'), ...COMMON_PARAMETERS],
    answers: {
      200: json('The lease, with a page of its keys.', LeaseDetailsAnswer, {
        id: ID,
        ttl: 30,
        remaining: 12.345,
        keys: ['services/web/1'],
        next: null,
      }),
    },
    errors: [...READ_ERRORS, 'lease-not-found'],
  },
  list: {
    method: 'get',
    path: '/leases',
    id: 'listLeases',
    tag: 'Leases',
    summary: 'All leases',
    parameters: [...pageParameters('leases'), CONSISTENCY, ...COMMON_PARAMETERS],
    answers: {
      200: json('A page of the leases.', LeasesAnswer, {
        leases: [{ id: ID, ttl: 30 }],
        next: null,
      }),
    },
    errors: READ_ERRORS,
  },
  revoke: {
    method: 'delete',
    path: '/leases/{id}',
    id: 'revokeLease',
    tag: 'Leases',
    summary: 'End a lease',
    description: 'The keys attached to it go with it, in one revision.',
    parameters: [LEASE_ID, ...WRITE_PARAMETERS],
    answers: { 200: json('What went.', RevokeAnswer, { deleted: 2, revision: 43 }) },
    errors: [...WRITE_ERRORS, 'lease-not-found'],
  },
} as const satisfies Record<string, Endpoint>;
