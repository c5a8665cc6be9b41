import { idOfBytes, type MemberId, parseMemberId } from '../lib/ids.ts';
import type { Prng } from '../lib/prng.ts';
import type { Configuration, ConfigurationChange, Member } from '../raft/configuration.ts';
import { memberOf } from '../raft/configuration.ts';
import type { ChangeRefusal, ChangeResult } from '../raft/membership.ts';
import { ApiError, type ErrorCode } from '../wire/errors.ts';
import type { AddedMember, MemberInput } from './api.ts';
import type { Clock } from './clock.ts';

export interface MembershipOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly latest: () => Configuration;
  readonly propose: (change: ConfigurationChange, requestId: string | null) => ChangeResult;
  /** Resolves when the entry has been applied. */
  readonly committed: (change: ChangeResult & { ok: true }, deadline: number) => Promise<unknown>;
}

/** Refusals that pass: the change before must be committed, the term must have begun. */
const PASSING: ReadonlySet<ChangeRefusal> = new Set<ChangeRefusal>([
  'change-pending',
  'term-not-begun',
]);
const RETRY_AFTER_MS = 20;

/** MEMBERSHIP as operators see it: the leader's half of the calls under `/cluster/members`. */
export class Membership {
  readonly #options: MembershipOptions;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Adds a learner that is promoted by itself. The same id again changes nothing. */
  async add(input: MemberInput, requestId: string | null, deadline: number): Promise<AddedMember> {
    const latest = this.#options.latest();
    const known = input.id === null ? undefined : memberOf(latest, input.id);
    if (known === undefined) this.#refuseTakenUrl(latest, input.url);
    const member = known ?? this.#newMember(input);
    const change = { type: 'add-learner', member } as const;
    const configuration = await this.change(change, requestId, deadline);
    return { member: memberOf(configuration, member.id) ?? member, configuration };
  }

  /** Proposes a change and waits until it is committed. */
  async change(
    change: ConfigurationChange,
    requestId: string | null,
    deadline: number,
  ): Promise<Configuration> {
    for (;;) {
      const result = this.#options.propose(change, requestId);
      if (result.ok) {
        await this.#options.committed(result, deadline);
        return result.configuration;
      }
      const mayWait = this.#options.clock.now() + RETRY_AFTER_MS < deadline;
      if (!PASSING.has(result.code) || !mayWait) throw refused(result.code);
      await new Promise<void>((resolve) => {
        this.#options.clock.setTimer(RETRY_AFTER_MS, resolve);
      });
    }
  }

  #newMember(input: MemberInput): Member {
    const id = input.id ?? this.#drawId();
    return {
      id,
      name: input.name ?? `member-${id}`,
      peerUrls: [input.url],
      clientUrls: [input.url],
      learner: true,
      autoPromote: true,
      active: true,
    };
  }

  #drawId(): MemberId {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.#options.prng.uint32());
    view.setUint32(4, this.#options.prng.uint32());
    const id = parseMemberId(idOfBytes(bytes));
    if (id === null) throw new Error('drew an id that is none');
    return id;
  }

  #refuseTakenUrl(configuration: Configuration, url: string): void {
    const owner = configuration.members.find((member) => member.peerUrls.includes(url));
    if (owner === undefined) return;
    throw new ApiError(
      'conflict',
      `${url} belongs to member ${owner.id} (${owner.name}): remove that member first.`,
      { member: owner.id },
    );
  }
}

const CODES: Readonly<Record<ChangeRefusal, readonly [ErrorCode, string]>> = {
  'not-leader': ['no-leader', 'This node does not lead.'],
  'transfer-pending': ['leader-changed', 'Leadership is being handed over.'],
  'change-pending': ['membership-change-pending', 'The change before is not committed yet.'],
  'term-not-begun': ['membership-change-pending', 'The leader has not committed in its term yet.'],
  'member-not-found': ['member-not-found', 'No member has this id.'],
  'member-removed': ['member-removed', 'This id was removed; an id is never used again.'],
  'already-voter': ['conflict', 'The member is a voter already.'],
  'not-caught-up': ['not-caught-up', "The learner's log is too far behind, or it does not answer."],
  'would-lose-quorum': [
    'would-lose-quorum',
    'No majority of the voters that would remain answers; bring members back first.',
  ],
};

function refused(code: ChangeRefusal): ApiError {
  const [api, detail] = CODES[code];
  return new ApiError(api, detail, { reason: code });
}
