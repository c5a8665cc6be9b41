/**
 * Durability rule 7. A member of a fixed list whose directory is empty either starts for the first
 * time or has lost its directory, and with it its votes. The others know: a member that has
 * answered a leader once is `active` in the membership.
 */

import type { MemberId } from '../lib/ids.ts';
import type { FoundingEntry } from '../node/bootstrap.ts';
import { type Caller, call, field, listField, pause, textField } from './http.ts';

export type Verdict =
  /** Nothing speaks against starting. */
  | { readonly type: 'clear' }
  /** The cluster knows this member and that it had a log. */
  | { readonly type: 'lost'; readonly toldBy: string }
  /** The cluster has removed this member; its id is used up. */
  | { readonly type: 'removed'; readonly toldBy: string };

const ASK_TIMEOUT_MS = 1000;
const ASK_AGAIN_MS = 200;
const GIVE_UP_MS = 5000;

/**
 * Asks the other members until a majority (this node included) has answered, or nobody listens at
 * the rest of the addresses, or a few seconds are over: members that start at the same time cannot
 * wait for each other for ever. After that the core's own check of `active` remains.
 */
export async function askFounders(
  caller: Caller,
  self: MemberId,
  others: readonly FoundingEntry[],
): Promise<Verdict> {
  const majority = Math.floor((others.length + 1) / 2) + 1;
  const deadline = caller.clock.now() + GIVE_UP_MS;
  for (;;) {
    const opinions = await Promise.all(others.map((other) => ask(caller, self, other.url)));
    const objection = opinions.find((opinion) => typeof opinion === 'object');
    if (objection !== undefined) return objection;
    const answered = opinions.filter((opinion) => opinion === 'clear').length;
    const silent = opinions.includes('silent');
    if (!silent || answered + 1 >= majority || caller.clock.now() >= deadline) {
      return { type: 'clear' };
    }
    await pause(caller.clock, ASK_AGAIN_MS);
  }
}

type Opinion = 'clear' | 'refused' | 'silent' | Exclude<Verdict, { type: 'clear' }>;

async function ask(caller: Caller, self: MemberId, url: string): Promise<Opinion> {
  const answer = await call(caller, `${url}/cluster/state`, ASK_TIMEOUT_MS);
  if (answer.type !== 'answered') return answer.type;
  const configuration = field(answer.body, 'configuration');
  if (answer.status !== 200 || configuration === undefined) return 'silent';
  if (listField(configuration, 'removed').includes(self)) return { type: 'removed', toldBy: url };
  const member = listField(configuration, 'members').find((item) => textField(item, 'id') === self);
  return field(member, 'active') === true ? { type: 'lost', toldBy: url } : 'clear';
}
