import type { NodeEvent } from '../node/api.ts';
import { type TextForm, TextStream, type TextStreamOptions } from './text-stream.ts';

export type EventStreamOptions = Omit<TextStreamOptions<NodeEvent>, 'form'>;

const FORM: TextForm<NodeEvent> = {
  greeting: ': abcd events\n\n',
  heartbeat: ': heartbeat\n\n',
  event: (event) => `id: ${event.id}\nevent: ${event.family}\ndata: ${JSON.stringify(event)}\n\n`,
  canceled: (reason) => `event: canceled\ndata: ${JSON.stringify({ reason })}\n\n`,
};

/** What happens on a node, for one listener, as server-sent events. */
export class EventStream {
  readonly stream: ReadableStream<Uint8Array>;

  constructor(options: EventStreamOptions) {
    this.stream = new TextStream({ ...options, form: FORM }).stream;
  }
}
