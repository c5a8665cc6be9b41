/** Asks the other founding members what they know of this one (node/founding-inquiry.ts). */

import type { MemberId } from '../lib/ids.ts';
import type { FoundingEntry } from '../node/bootstrap.ts';
import { inquire, type Opinion, opinionOf, type Verdict } from '../node/founding-inquiry.ts';
import { type Caller, call, field, listField } from './http.ts';

const ASK_TIMEOUT_MS = 1000;

export function askFounders(
  caller: Caller,
  self: MemberId,
  others: readonly FoundingEntry[],
): Promise<Verdict> {
  return inquire({
    clock: caller.clock,
    others: others.map(({ url }) => url),
    ask: (url) => ask(caller, self, url),
  });
}

async function ask(caller: Caller, self: MemberId, url: string): Promise<Opinion> {
  const answer = await call(caller, `${url}/cluster/state`, ASK_TIMEOUT_MS);
  if (answer.type !== 'answered') return answer.type;
  const configuration = field(answer.body, 'configuration');
  if (answer.status !== 200 || configuration === undefined) return 'silent';
  const members = listField(configuration, 'members').map((member) => {
    return { id: field(member, 'id'), active: field(member, 'active') };
  });
  return opinionOf({ removed: listField(configuration, 'removed'), members }, self, url);
}
