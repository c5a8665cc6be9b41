import type { KvCommand, KvResult, LeaseId } from '../../kv/command.ts';
import type { StateView } from '../../kv/state-machine.ts';
import type { MemberId } from '../../lib/ids.ts';
import type { ConfigurationChange } from '../../raft/configuration.ts';
import type { Command } from '../../raft/entry.ts';
import type { Raft, TransferResult } from '../../raft/raft.ts';
import { ApiError } from '../../wire/errors.ts';
import type { Admission } from '../space/admission.ts';
import type { ClusterStatus, KvProposal, MemberInput } from '../api.ts';
import type { Clock } from '../clock.ts';
import type { ClusterTime } from '../cluster-time.ts';
import type { Delays } from '../delays.ts';
import type { Driver } from '../loop/driver.ts';
import {
  anything,
  idFault,
  memberFault,
  nullableIdFault,
  proposalFault,
  updateFault,
} from './forwarded.ts';
import type { LeaderOperation } from './leader-calls.ts';
import type { LeaseKeeper } from '../leases/lease-keeper.ts';
import { keepAlive, type LeaseOperationParts, remainingOf } from '../leases/lease-operations.ts';
import type { Membership } from './membership.ts';
import type { Proposals } from '../loop/proposals.ts';
import type { Reads } from '../loop/reads.ts';
import type { Quota } from '../space/quota.ts';

export interface LeaderParts {
  readonly raft: Raft;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly time: Pick<ClusterTime, 'now'>;
  readonly admission: Admission;
  readonly quota: Quota;
  readonly proposals: Proposals<KvResult | null>;
  readonly membership: Membership;
  readonly delays: Delays;
  readonly leases: LeaseKeeper;
  readonly reads: Reads;
  readonly view: StateView;
  readonly cluster: () => ClusterStatus;
}

/** What the state machine says to an attempt, and not to the request. */
const REFUSALS: ReadonlySet<KvResult['type']> = new Set<KvResult['type']>([
  'request-expired',
  'too-many-requests',
]);

const always = (): boolean => true;

const LOOK_AGAIN_MS = 5;

/**
 * WHAT ONLY A LEADER CAN DO, by the name it has when a follower forwards it. Arguments and results
 * are plain JSON.
 */
export function leaderOperations(parts: LeaderParts): ReadonlyMap<string, LeaderOperation> {
  const { membership } = parts;
  const change = (changeOf: (body: unknown) => ConfigurationChange): LeaderOperation => ({
    faultOf: idFault,
    run: (body, requestId, deadline) => membership.change(changeOf(body), requestId, deadline),
    mayRepeat: always,
  });
  return new Map<string, LeaderOperation>([
    [
      'propose',
      {
        faultOf: proposalFault,
        run: (body, id, deadline) => propose(parts, body as KvProposal, id, deadline),
        mayRepeat: always,
        refuses: (result) => REFUSALS.has((result as KvResult).type),
      },
    ],
    [
      'cluster',
      {
        faultOf: anything,
        run: () => Promise.resolve(parts.cluster()),
        mayRepeat: always,
      },
    ],
    [
      'add-member',
      {
        faultOf: memberFault,
        run: (body, id, deadline) => membership.add(body as MemberInput, id, deadline),
        // Without an id each time would add another member.
        mayRepeat: (body) => (body as MemberInput).id !== null,
      },
    ],
    ['remove-member', change((id) => ({ type: 'remove', id: id as MemberId }))],
    ['promote-member', change((id) => ({ type: 'promote', id: id as MemberId }))],
    [
      'update-member',
      {
        faultOf: updateFault,
        run: (body, requestId, deadline) => {
          return membership.update(body as { id: MemberId; url: string }, requestId, deadline);
        },
        mayRepeat: always,
      },
    ],
    [
      'transfer',
      {
        faultOf: nullableIdFault,
        run: (body, _id, deadline) => transfer(parts, body as MemberId | null, deadline),
        // To anybody at all, leadership would be handed on by whoever got it.
        mayRepeat: (body) => body !== null,
      },
    ],
    ...leaseOperations(parts),
  ]);
}

function leaseOperations(parts: LeaderParts): readonly (readonly [string, LeaderOperation])[] {
  const leaseParts: LeaseOperationParts = {
    ...parts,
    // Renewing twice is as good as once: it needs no name that the state would have to remember.
    propose: (proposal, deadline) => propose(parts, proposal, null, deadline),
  };
  return [
    [
      'keep-alive',
      {
        faultOf: idFault,
        run: (id, _requestId, deadline) => keepAlive(leaseParts, id as LeaseId, deadline),
        mayRepeat: always,
      },
    ],
    [
      'lease-remaining',
      {
        faultOf: idFault,
        run: (id, _requestId, deadline) => remainingOf(leaseParts, id as LeaseId, deadline),
        mayRepeat: always,
      },
    ],
  ];
}

/** Stamps the command, appends it, and waits for its result. */
async function propose(
  parts: LeaderParts,
  proposal: KvProposal,
  requestId: string | null,
  deadline: number,
): Promise<KvResult> {
  const { admission, quota, proposals, time, driver } = parts;
  admission.check(proposal, proposals);
  const room = quota.admit(proposal, deadline);
  if (room !== null) await room;
  const { kind, ...fields } = proposal;
  const stamp = { v: 1, kind, requestId, at: time.now(), by: null };
  const command = { ...stamp, ...fields } as KvCommand;
  const growth = quota.growthOf(proposal).present;
  const proposed = driver.input((raft) => raft.propose(command as Command));
  if (proposed === undefined) throw new ApiError('node-stopped', 'The node has stopped.');
  if (!proposed.ok) throw new ApiError('no-leader', `Not proposed: ${proposed.code}.`);
  admission.took(Buffer.byteLength(proposed.entry.json));
  const result = await proposals.add(proposed.entry, deadline, growth);
  if (result === null) throw new ApiError('internal', 'a command was applied as something else');
  return result;
}

/** Hands leadership over and waits until another node is known to lead. */
async function transfer(
  parts: LeaderParts,
  to: MemberId | null,
  deadline: number,
): Promise<MemberId> {
  const { driver, raft, clock, delays } = parts;
  if (to === raft.state.id && raft.state.leader === to) return to;
  const begun = driver.input((core) => core.transferLeadership(to));
  if (begun === undefined) throw new ApiError('node-stopped', 'The node has stopped.');
  if (!begun.ok) throw transferRefused(begun);
  for (;;) {
    const { leader, role } = raft.state;
    if (leader !== null && leader !== raft.state.id) return leader;
    if (role.name === 'leader' && role.transfer === null) {
      // It may have been told, and campaign yet.
      throw new ApiError('timeout', `Member ${begun.to} did not take over in time.`);
    }
    if (clock.now() >= deadline) throw new ApiError('timeout', 'No new leader is known yet.');
    if (await delays.sleep(LOOK_AGAIN_MS)) continue;
    throw new ApiError('node-stopped', 'The node stops; leadership may have been handed over.');
  }
}

function transferRefused(refusal: TransferResult & { ok: false }): ApiError {
  switch (refusal.code) {
    case 'not-leader':
      return new ApiError('no-leader', 'This node does not lead.');
    case 'not-a-voter':
      return new ApiError('member-not-found', 'No voter has this id.');
    default:
      return new ApiError('conflict', `Leadership cannot be handed over: ${refusal.code}.`);
  }
}
