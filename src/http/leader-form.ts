import type { LeaderNews } from '../node/locks/leader-feed.ts';
import type { LeaderNews as Shown, ObserveLine } from '../wire/elections.ts';
import { leaderOf } from './queue-answer.ts';
import type { TextForm } from './text-stream.ts';

/** Who leads, as server-sent events. */
export const LEADER_EVENTS: TextForm<LeaderNews> = {
  greeting: ': abcd election\n\n',
  heartbeat: ': heartbeat\n\n',
  event: (news) =>
    `id: ${news.revision}\nevent: leader\ndata: ${JSON.stringify(shownOf(news))}\n\n`,
  canceled: (reason) => `event: canceled\ndata: ${JSON.stringify({ reason })}\n\n`,
};

/** The same as a JSON object a line. A space before one is no part of it (RFC 8259 section 2). */
export const LEADER_LINES: TextForm<LeaderNews> = {
  greeting: ' ',
  heartbeat: ' ',
  event: (news) => line({ event: 'leader', ...shownOf(news) }),
  canceled: (reason) => line({ event: 'canceled', reason }),
};

function shownOf({ revision, leader }: LeaderNews): Shown {
  return { revision, leader: leader === null ? null : leaderOf(leader) };
}

function line(content: ObserveLine): string {
  return `${JSON.stringify(content)}\n`;
}
