import type { LeaderNews } from '../../node/locks/leader-feed.ts';
import type { LeaderNews as Shown } from '../../wire/elections.ts';
import { eventLine, serverEvent, SILENT_EVENT, SILENT_LINE } from '../streams/event-text.ts';
import { leaderOf } from './queue-answer.ts';
import type { TextFormat } from '../streams/text-stream.ts';

/** Who leads, as server-sent events. */
export const LEADER_EVENTS: TextFormat<LeaderNews> = {
  greeting: ': abcd election\n\n',
  heartbeat: SILENT_EVENT,
  event: (news) => serverEvent(news.revision, 'leader', shownOf(news)),
  canceled: (reason) => serverEvent(null, 'canceled', { reason }),
};

/** The same as lines, each an `ObserveLine`. */
export const LEADER_LINES: TextFormat<LeaderNews> = {
  greeting: SILENT_LINE,
  heartbeat: SILENT_LINE,
  event: (news) => eventLine('leader', shownOf(news)),
  canceled: (reason) => eventLine('canceled', { reason }),
};

function shownOf({ revision, leader }: LeaderNews): Shown {
  return { revision, leader: leader === null ? null : leaderOf(leader) };
}
