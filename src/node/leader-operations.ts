import type { KvCommand, KvResult } from '../kv/command.ts';
import type { MemberId } from '../lib/ids.ts';
import type { Command } from '../raft/entry.ts';
import type { Raft, TransferResult } from '../raft/raft.ts';
import { ApiError } from '../wire/errors.ts';
import type { Admission } from './admission.ts';
import type { ClusterStatus, KvProposal, MemberInput } from './api.ts';
import type { Clock } from './clock.ts';
import type { Driver } from './driver.ts';
import type { LeaderOperation } from './leader-calls.ts';
import type { Membership } from './membership.ts';
import type { Proposals } from './proposals.ts';

export interface LeaderParts {
  readonly raft: Raft;
  readonly driver: Driver;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly proposals: Proposals<KvResult | null>;
  readonly membership: Membership;
  readonly cluster: () => ClusterStatus;
}

const LOOK_AGAIN_MS = 5;

/**
 * WHAT ONLY A LEADER CAN DO, by the name it has when a follower forwards it. Arguments and results
 * are plain JSON.
 */
export function leaderOperations(parts: LeaderParts): ReadonlyMap<string, LeaderOperation> {
  const { membership } = parts;
  return new Map<string, LeaderOperation>([
    ['propose', (body, id, deadline) => propose(parts, body as KvProposal, id, deadline)],
    ['cluster', () => Promise.resolve(parts.cluster())],
    ['add-member', (body, id, deadline) => membership.add(body as MemberInput, id, deadline)],
    [
      'remove-member',
      (body, requestId, deadline) => {
        return membership.change({ type: 'remove', id: body as MemberId }, requestId, deadline);
      },
    ],
    [
      'promote-member',
      (body, requestId, deadline) => {
        return membership.change({ type: 'promote', id: body as MemberId }, requestId, deadline);
      },
    ],
    [
      'update-member',
      (body, requestId, deadline) => {
        const { id, url } = body as { id: MemberId; url: string };
        const change = { type: 'update', id, peerUrls: [url], clientUrls: [url] } as const;
        return membership.change(change, requestId, deadline);
      },
    ],
    ['transfer', (body, _id, deadline) => transfer(parts, body as MemberId | null, deadline)],
  ]);
}

/** Stamps the command, appends it, and waits for its result. */
async function propose(
  parts: LeaderParts,
  proposal: KvProposal,
  requestId: string | null,
  deadline: number,
): Promise<KvResult> {
  const { admission, proposals, clock, driver } = parts;
  admission.check(proposal.kind, proposals);
  const { kind, ...fields } = proposal;
  const stamp = { v: 1, kind, requestId, at: Math.trunc(clock.wallNow()), by: null };
  const command = { ...stamp, ...fields } as KvCommand;
  const proposed = driver.input((raft) => raft.propose(command as Command));
  if (proposed === undefined) throw new ApiError('node-stopped', 'The node has stopped.');
  if (!proposed.ok) throw new ApiError('no-leader', `Not proposed: ${proposed.code}.`);
  admission.took(Buffer.byteLength(proposed.entry.json));
  const result = await proposals.add(proposed.entry, deadline);
  if (result === null) throw new ApiError('internal', 'a command was applied as something else');
  return result;
}

/** Hands leadership over and waits until another node is known to lead. */
async function transfer(
  parts: LeaderParts,
  to: MemberId | null,
  deadline: number,
): Promise<MemberId> {
  const { driver, raft, clock } = parts;
  const begun = driver.input((core) => core.transferLeadership(to));
  if (begun === undefined) throw new ApiError('node-stopped', 'The node has stopped.');
  if (!begun.ok) throw transferRefused(begun);
  for (;;) {
    const { leader, role } = raft.state;
    if (leader !== null && leader !== raft.state.id) return leader;
    if (role.name === 'leader' && role.transfer === null) {
      throw new ApiError('conflict', `Member ${begun.to} did not take over in time.`);
    }
    if (clock.now() >= deadline) throw new ApiError('timeout', 'No new leader is known yet.');
    await new Promise<void>((resolve) => {
      clock.setTimer(LOOK_AGAIN_MS, resolve);
    });
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
