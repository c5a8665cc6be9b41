import type { TSchema } from '@sinclair/typebox';
import {
  AddMemberAnswer,
  AddMemberBody,
  ClusterAnswer,
  ClusterMember,
  ConfigurationRecord,
  ConsensusStateAnswer,
  MemberRecord,
  TransferAnswer,
  TransferBody,
  UpdateMemberBody,
} from './cluster.ts';
import { type Endpoint, HEADERS, inlineOf, type Tag } from './endpoint.ts';
import { CLUSTER_ENDPOINTS } from './endpoints-cluster.ts';
import { ELECTION_ENDPOINTS } from './endpoints-elections.ts';
import { HISTORY_ENDPOINTS } from './endpoints-history.ts';
import { KV_ENDPOINTS } from './endpoints-kv.ts';
import { LEASE_ENDPOINTS } from './endpoints-leases.ts';
import { LOCK_ENDPOINTS } from './endpoints-locks.ts';
import { NODE_ENDPOINTS, PEER_ENDPOINTS } from './endpoints-node.ts';
import { TXN_ENDPOINTS } from './endpoints-txn.ts';
import { WATCH_ENDPOINTS } from './endpoints-watch.ts';
import { CompactAnswer, CompactBody, HistoryAnswer, KeyVersion } from './history.ts';
import { DeleteAnswer, KeyOnly, Pair, PutAnswer, RangeAnswer } from './kv.ts';
import {
  GrantBody,
  LeaseAnswer,
  LeaseDetailsAnswer,
  LeasesAnswer,
  RevokeAnswer,
} from './leases.ts';
import {
  FaultRecord,
  FaultsBody,
  HashAnswer,
  HealthAnswer,
  HealthCheck,
  StatusAnswer,
  SteerAnswer,
  VersionAnswer,
} from './node.ts';
import {
  CampaignBody,
  ElectionAnswer,
  ElectionLeader,
  ObserveLine,
  ProclaimAnswer,
  ProclaimBody,
  ResignBody,
} from './elections.ts';
import { ERRORS, type ErrorCode } from './errors.ts';
import { HeldAnswer, LockBody, LockStateAnswer, QueuedClient, ReleaseAnswer } from './locks.ts';
import { DeleteEvent, PutEvent, WatchLine } from './watch.ts';
import { Problem, problemFields } from './problem.ts';
import { TXN_SCHEMAS } from './txn.ts';

/** All of the REST interface, but for its own description. */
export const ENDPOINTS: readonly Endpoint[] = [
  ...Object.values<Endpoint>(KV_ENDPOINTS),
  ...Object.values<Endpoint>(HISTORY_ENDPOINTS),
  ...Object.values<Endpoint>(TXN_ENDPOINTS),
  ...Object.values<Endpoint>(WATCH_ENDPOINTS),
  ...Object.values<Endpoint>(LEASE_ENDPOINTS),
  ...Object.values<Endpoint>(LOCK_ENDPOINTS),
  ...Object.values<Endpoint>(ELECTION_ENDPOINTS),
  ...Object.values<Endpoint>(CLUSTER_ENDPOINTS),
  ...Object.values<Endpoint>(NODE_ENDPOINTS),
  ...Object.values<Endpoint>(PEER_ENDPOINTS),
];

const NAMED_SCHEMAS: readonly TSchema[] = [
  AddMemberAnswer,
  AddMemberBody,
  CampaignBody,
  ClusterAnswer,
  ClusterMember,
  CompactAnswer,
  CompactBody,
  ConfigurationRecord,
  ConsensusStateAnswer,
  DeleteAnswer,
  DeleteEvent,
  ElectionAnswer,
  ElectionLeader,
  FaultRecord,
  FaultsBody,
  GrantBody,
  HashAnswer,
  HealthAnswer,
  HealthCheck,
  HeldAnswer,
  HistoryAnswer,
  KeyOnly,
  KeyVersion,
  LeaseAnswer,
  LeaseDetailsAnswer,
  LeasesAnswer,
  LockBody,
  LockStateAnswer,
  MemberRecord,
  ObserveLine,
  Pair,
  Problem,
  ProclaimAnswer,
  ProclaimBody,
  PutAnswer,
  PutEvent,
  QueuedClient,
  RangeAnswer,
  ReleaseAnswer,
  ResignBody,
  RevokeAnswer,
  StatusAnswer,
  SteerAnswer,
  TransferAnswer,
  TransferBody,
  UpdateMemberBody,
  VersionAnswer,
  WatchLine,
  ...TXN_SCHEMAS,
];

const TAGS: Readonly<Record<Tag, string>> = {
  Keys: 'Reading and writing keys.',
  Transactions: 'Several reads and writes as one, if what they ask for holds.',
  Watch: 'Changes as they happen, or from any revision that is kept.',
  Leases: 'Times to live that keys can share.',
  Locks: 'One holder at a time, in the order of arrival.',
  Elections: 'A lock whose holder has something to say.',
  Cluster: 'The membership, and who leads.',
  Node: 'This node and its role.',
  Operations: 'Health, metrics, events, backup.',
  Peers: 'What nodes say to each other.',
};

/** The head of the OpenAPI document. */
export function openApiInfo(version: string): {
  title: string;
  description: string;
  version: string;
} {
  return {
    title: 'abcd',
    description:
      'A strongly consistent key-value store. Any node answers any request. Errors are ' +
      '`application/problem+json` (RFC 9457) with a stable `code`.',
    version,
  };
}

/** The tags of the OpenAPI document, in the order in which they are shown. */
export function openApiTags(): { name: string; description: string }[] {
  return Object.entries(TAGS).map(([name, description]) => ({ name, description }));
}

/** The schemas that endpoints refer to by name. */
export function openApiSchemas(): Record<string, Record<string, unknown>> {
  return Object.fromEntries(NAMED_SCHEMAS.map((schema) => [String(schema.$id), inlineOf(schema)]));
}

/** The response headers that answers refer to by name. */
export function openApiHeaders(): Record<string, OpenApiHeader> {
  return Object.fromEntries(
    Object.entries(HEADERS).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  );
}

/** An example of each error, by its code. */
export function openApiExamples(): Record<string, { value: Problem }> {
  const examples: Record<string, { value: Problem }> = {};
  let code: ErrorCode;
  for (code in ERRORS) examples[code] = { value: problemFields(code, ERRORS[code].title) };
  return examples;
}

interface OpenApiHeader {
  description: string;
  schema: { type: 'string' };
}
