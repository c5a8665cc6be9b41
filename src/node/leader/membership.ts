import { must } from '../../lib/assert.ts';
import { idOfWords, type MemberId, parseMemberId } from '../../lib/ids.ts';
import type { Prng } from '../../lib/prng.ts';
import type { Configuration, ConfigurationChange, Member } from '../../raft/configuration.ts';
import { memberOf } from '../../raft/configuration.ts';
import type { Entry } from '../../raft/entry.ts';
import type { ChangeRefusal, ChangeResult } from '../../raft/membership.ts';
import { ApiError, type ErrorCode } from '../../wire/errors.ts';
import type { AddedMember, MemberInput } from '../api.ts';
import type { Clock } from '../clock.ts';
import type { Delays } from '../delays.ts';

export interface MembershipOptions {
  readonly clock: Clock;
  readonly delays: Delays;
  readonly prng: Prng;
  readonly latest: () => Configuration;
  readonly propose: (change: ConfigurationChange, requestId: string | null) => ChangeResult;
  /** Resolves when the entry has been applied. */
  readonly committed: (entry: Entry, deadline: number) => Promise<unknown>;
  /** Resolves when it is certain that this node still leads. */
  readonly confirmed: (deadline: number) => Promise<void>;
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
    if (known === undefined) this.#refuseTakenUrl(latest, input.url, null);
    const member = known ?? this.#newMember(input);
    const change = { type: 'add-learner', member } as const;
    const configuration = await this.change(change, requestId, deadline);
    return { member: memberOf(configuration, member.id) ?? member, configuration };
  }

  /** Moves a member to another URL, which must be nobody else's. */
  async update(
    { id, url }: { readonly id: MemberId; readonly url: string },
    requestId: string | null,
    deadline: number,
  ): Promise<Configuration> {
    this.#refuseTakenUrl(this.#options.latest(), url, id);
    const change = { type: 'update', id, peerUrls: [url], clientUrls: [url] } as const;
    return await this.change(change, requestId, deadline);
  }

  /** Proposes a change and waits until it is committed; at once when it was made before. */
  async change(
    change: ConfigurationChange,
    requestId: string | null,
    deadline: number,
  ): Promise<Configuration> {
    const { propose, committed, clock, delays } = this.#options;
    for (;;) {
      const result = propose(change, requestId);
      if (result.ok) {
        const { entry, configuration } = result;
        if (entry === null) return await this.#confirmed(configuration, deadline);
        await committed(entry, deadline);
        return configuration;
      }
      const mayWait = PASSING.has(result.code) && clock.now() + RETRY_AFTER_MS < deadline;
      if (!mayWait || !(await delays.sleep(RETRY_AFTER_MS))) throw refused(result.code);
    }
  }

  /** An id for a member that brought none. */
  drawId(): MemberId {
    const { prng } = this.#options;
    const [high, low] = [prng.uint32(), prng.uint32()];
    return must(parseMemberId(idOfWords(high, low)), 'an id that was drawn');
  }

  /** A leader that was deposed unawares does not know what has become of its members. */
  async #confirmed(configuration: Configuration, deadline: number): Promise<Configuration> {
    try {
      await this.#options.confirmed(deadline);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new ApiError('timeout', 'It is so, unless another leader has changed it meanwhile.');
    }
    return configuration;
  }

  #newMember(input: MemberInput): Member {
    const id = input.id ?? this.drawId();
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

  #refuseTakenUrl(configuration: Configuration, url: string, by: MemberId | null): void {
    const owner = configuration.members.find((member) => member.peerUrls.includes(url));
    if (owner === undefined || owner.id === by) return;
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
