/**
 * Durability rule 7. A member of a fixed list whose directory is empty either starts for the first
 * time or has lost its directory, and with it its votes. The others know: a member that has
 * answered a leader once is `active` in the membership.
 *
 * They may not be there to say so. Then the member starts, but as one whose log was torn
 * (raft/recovery.ts): until it is certain that nothing was lost, it has no vote.
 */
import type { MemberId } from '../lib/ids.ts';
import type { Clock } from './clock.ts';

export type Verdict =
  /** Nothing speaks against starting. */
  | { readonly type: 'clear' }
  /** The cluster knows this member and that it had a log. */
  | { readonly type: 'lost'; readonly toldBy: string }
  /** The cluster has removed this member; its id is used up. */
  | { readonly type: 'removed'; readonly toldBy: string };

/** What one of the others says; `refused` is one where nothing listens. */
export type Opinion = 'clear' | 'refused' | 'silent' | Exclude<Verdict, { type: 'clear' }>;

/** What counts of a membership; it may have come from a stranger. */
export interface KnownMembership {
  readonly removed: readonly unknown[];
  readonly members: readonly { readonly id: unknown; readonly active: unknown }[];
}

/** What a member's view of the membership says of another, if it is asked at this URL. */
export function opinionOf(known: KnownMembership, self: MemberId, url: string): Opinion {
  if (known.removed.includes(self)) return { type: 'removed', toldBy: url };
  const isActive = known.members.some(({ id, active }) => id === self && active === true);
  return isActive ? { type: 'lost', toldBy: url } : 'clear';
}

const ASK_AGAIN_MS = 200;
/** A little longer when the last of them stay silent. */
export const GIVE_UP_MS = 5000;

export interface InquiryOptions {
  readonly clock: Pick<Clock, 'now' | 'setTimer'>;
  /** Where the other members are. */
  readonly others: readonly string[];
  readonly ask: (url: string) => Promise<Opinion>;
}

/**
 * Asks the other members until a majority (this node included) has answered, or nobody listens at
 * the rest of the addresses, or a few seconds are over: members that start at the same time cannot
 * wait for each other for ever.
 */
export async function inquire({ clock, others, ask }: InquiryOptions): Promise<Verdict> {
  const majority = Math.floor((others.length + 1) / 2) + 1;
  const deadline = clock.now() + GIVE_UP_MS;
  for (;;) {
    const opinions = await Promise.all(others.map(ask));
    const objection = opinions.find((opinion) => typeof opinion === 'object');
    if (objection !== undefined) return objection;
    const answered = opinions.filter((opinion) => opinion === 'clear').length;
    const isSilent = opinions.includes('silent');
    if (!isSilent || answered + 1 >= majority || clock.now() >= deadline) return { type: 'clear' };
    await new Promise<void>((resolve) => {
      clock.setTimer(ASK_AGAIN_MS, resolve);
    });
  }
}
