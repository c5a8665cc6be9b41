import type { TSchema } from '@sinclair/typebox';
import {
  AddMemberAnswer,
  AddMemberBody,
  ClusterAnswer,
  ConfigurationRecord,
  ConsensusStateAnswer,
  TransferAnswer,
  TransferBody,
  UpdateMemberBody,
} from './cluster.ts';
import type { Answer, Endpoint } from './endpoint.ts';
import { WRITE_ERRORS } from './endpoints-kv.ts';
import type { ErrorCode } from './errors.ts';
import { COMMON_PARAMETERS, IDEMPOTENCY_KEY, MEMBER_ID } from './parameters.ts';

const ID = '8391245717622341632';
const OTHER_ID = '5577006791947779410';
const URL = 'http://10.0.0.2:8080';

const member = {
  id: OTHER_ID,
  name: 'n2',
  peerUrls: [URL],
  clientUrls: [URL],
  learner: true,
  autoPromote: true,
  active: false,
};
const configuration = { members: [member], removed: [], clusterVersion: 1 };

function json(description: string, schema: TSchema, example: unknown): Answer {
  return { description, content: [{ contentType: 'application/json', schema, example }] };
}

const CHANGE_ERRORS: readonly ErrorCode[] = [
  ...WRITE_ERRORS,
  'read-timeout',
  'membership-change-pending',
  'conflict',
];
const BODY_ERRORS: readonly ErrorCode[] = [
  ...CHANGE_ERRORS,
  'unsupported-media-type',
  'request-timeout',
];
const CHANGE_PARAMETERS = [IDEMPOTENCY_KEY, ...COMMON_PARAMETERS] as const;
const CHANGED = json('The configuration after it.', ConfigurationRecord, configuration);

/** The membership, and who leads. */
export const CLUSTER_ENDPOINTS = {
  cluster: {
    method: 'get',
    path: '/cluster',
    id: 'getCluster',
    tag: 'Cluster',
    summary: 'The members and the leader',
    parameters: COMMON_PARAMETERS,
    answers: {
      200: json('The cluster as this node knows it.', ClusterAnswer, {
        clusterId: '1152921504606846977',
        leader: ID,
        term: 7,
        members: [{ id: ID, name: 'n1', url: URL, role: 'voter', reachable: true }],
      }),
    },
    errors: ['bad-request', 'wrong-host', 'read-timeout', 'internal'],
  },
  addMember: {
    method: 'post',
    path: '/cluster/members',
    id: 'addMember',
    tag: 'Cluster',
    summary: 'Add a member',
    description:
      'It starts as a learner, and the leader promotes it by itself once it has caught up. ' +
      'Asking again with the same `id` changes nothing.',
    parameters: CHANGE_PARAMETERS,
    body: {
      contentType: 'application/json',
      schema: AddMemberBody,
      example: { url: URL, name: 'n2' },
      required: true,
    },
    answers: {
      201: json('The new member.', AddMemberAnswer, {
        clusterId: '1152921504606846977',
        member,
        configuration,
      }),
    },
    errors: BODY_ERRORS,
  },
  removeMember: {
    method: 'delete',
    path: '/cluster/members/{id}',
    id: 'removeMember',
    tag: 'Cluster',
    summary: 'Remove a member',
    description: 'Its id never comes back.',
    parameters: [MEMBER_ID, ...CHANGE_PARAMETERS],
    answers: { 200: CHANGED },
    errors: [...CHANGE_ERRORS, 'member-not-found', 'would-lose-quorum'],
  },
  updateMember: {
    method: 'put',
    path: '/cluster/members/{id}',
    id: 'updateMember',
    tag: 'Cluster',
    summary: 'Change the URL of a member',
    parameters: [MEMBER_ID, ...CHANGE_PARAMETERS],
    body: {
      contentType: 'application/json',
      schema: UpdateMemberBody,
      example: { url: 'http://10.0.0.9:8080' },
      required: true,
    },
    answers: { 200: CHANGED },
    errors: [...BODY_ERRORS, 'member-not-found'],
  },
  promoteMember: {
    method: 'post',
    path: '/cluster/members/{id}/promote',
    id: 'promoteMember',
    tag: 'Cluster',
    summary: 'Make a learner a voter',
    parameters: [MEMBER_ID, ...CHANGE_PARAMETERS],
    answers: { 200: CHANGED },
    errors: [...CHANGE_ERRORS, 'member-not-found', 'not-caught-up', 'would-lose-quorum'],
  },
  transfer: {
    method: 'post',
    path: '/cluster/leader',
    id: 'transferLeadership',
    tag: 'Cluster',
    summary: 'Hand leadership over',
    parameters: CHANGE_PARAMETERS,
    body: {
      contentType: 'application/json',
      schema: TransferBody,
      example: { to: OTHER_ID },
      required: false,
    },
    answers: { 200: json('Who leads now.', TransferAnswer, { leader: OTHER_ID }) },
    errors: [...BODY_ERRORS, 'member-not-found', 'not-caught-up'],
  },
  state: {
    method: 'get',
    path: '/cluster/state',
    id: 'getConsensusState',
    tag: 'Cluster',
    summary: 'The consensus state of this node',
    parameters: COMMON_PARAMETERS,
    answers: {
      200: json('What Raft knows on this node.', ConsensusStateAnswer, {
        id: ID,
        role: 'leader',
        term: 7,
        vote: ID,
        leader: ID,
        commitIndex: 118,
        appliedIndex: 118,
        durableIndex: 118,
        firstIndex: 1,
        lastIndex: 118,
        snapshot: null,
        configuration,
        log: [{ index: 118, term: 7, kind: 'put', size: 96 }],
        progress: [
          {
            id: OTHER_ID,
            state: 'replicate',
            matchIndex: 118,
            nextIndex: 119,
            inflight: 0,
            recentlyActive: true,
          },
        ],
        timers: {
          tick: 50,
          heartbeat: 100,
          election: 300,
          electionElapsed: 0,
          electionTimeout: 450,
        },
      }),
    },
    errors: ['bad-request', 'wrong-host', 'internal'],
  },
} as const satisfies Record<string, Endpoint>;
