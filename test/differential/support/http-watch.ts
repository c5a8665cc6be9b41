import { type Answer, failed } from './answer.ts';
import { decodeEvents, decodeProblem, type FromNode, type WatchLine } from './http-answers.ts';
import { type ToNode, watchPath } from './http-requests.ts';
import { linesOf } from './lines.ts';
import type { Watch } from './operation.ts';
import { EventLog, type Watcher } from './system.ts';

/** As lines of JSON, or as server-sent events. */
export type Form = 'lines' | 'events';

/** Opens a watch in a connection of its own. */
export async function openHttpWatch(
  url: string,
  form: Form,
  watch: Watch<number>,
  to: ToNode,
  from: FromNode,
): Promise<Answer | Watcher> {
  const abort = new AbortController();
  const response = await fetch(`${url}${watchPath(watch, to)}`, {
    headers: form === 'lines' ? { accept: 'application/x-ndjson' } : {},
    signal: abort.signal,
  });
  if (!response.ok) return decodeProblem((await response.json()) as { code?: string });
  if (response.body === null) throw new Error('abcd sent no stream');
  const log = new EventLog();
  const lines = linesOf(response.body);
  const over = take(form === 'lines' ? lines : jsonOfEvents(lines), log, from).catch(
    (error: unknown) => {
      if (!abort.signal.aborted) throw error;
      log.end(null);
    },
  );
  return {
    log,
    close: async () => {
      abort.abort();
      await over;
    },
  };
}

async function take(lines: AsyncIterable<string>, log: EventLog, from: FromNode): Promise<void> {
  for await (const text of lines) {
    const line = JSON.parse(text) as WatchLine;
    if (line.event === 'canceled') {
      log.end(line.reason === 'compacted' ? failed('compacted') : failed('invalid'));
      return;
    }
    if (line.event === 'change') log.add(decodeEvents(line, from));
  }
  log.end(null);
}

/** The data of server-sent events, with the kind of event in it, as lines have it. */
async function* jsonOfEvents(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let event = '';
  for await (const line of lines) {
    if (line.startsWith('event: ')) event = line.slice('event: '.length);
    if (!line.startsWith('data: ')) continue;
    yield JSON.stringify({ ...JSON.parse(line.slice('data: '.length)), event });
  }
}
