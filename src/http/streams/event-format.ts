import type { NodeEvent } from '../../node/api.ts';
import { serverEvent, SILENT_EVENT } from './event-text.ts';
import type { TextFormat } from './text-stream.ts';

/** What happens on a node, as server-sent events. */
export const NODE_EVENTS: TextFormat<NodeEvent> = {
  greeting: ': abcd events\n\n',
  heartbeat: SILENT_EVENT,
  event: (event) => serverEvent(event.id, event.family, event),
  canceled: (reason) => serverEvent(null, 'canceled', { reason }),
};
