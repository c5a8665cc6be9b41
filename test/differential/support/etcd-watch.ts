import { type Answer, failed } from './answer.ts';
import { decodeEvents, type FromEtcd, type WatchMessage } from './etcd-answers.ts';
import { encodeWatch, type ToEtcd } from './etcd-requests.ts';
import { linesOf } from './lines.ts';
import type { Watch } from './operation.ts';
import { EventLog, type Watcher } from './system.ts';

/**
 * Opens a watch in a connection of its own. That its revision is compacted is told by etcd only
 * after it was opened, so that a watcher may end.
 */
export async function openEtcdWatch(
  url: string,
  watch: Watch<number>,
  to: ToEtcd,
  from: FromEtcd,
): Promise<Answer | Watcher> {
  const abort = new AbortController();
  const body = JSON.stringify(encodeWatch(watch, to));
  const response = await fetch(url, { method: 'POST', body, signal: abort.signal });
  if (response.body === null) throw new Error('etcd sent no stream');
  const lines = linesOf(response.body);
  const created = parse((await lines.next()).value ?? '{}');
  if (created.result?.created !== true) throw new Error('etcd did not create a watch');
  if (created.result.canceled === true) {
    abort.abort();
    return failed('invalid');
  }
  const log = new EventLog();
  const over = take(lines, log, from).catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
    log.end(null);
  });
  return {
    log,
    close: async () => {
      abort.abort();
      await over;
    },
  };
}

async function take(lines: AsyncIterable<string>, log: EventLog, from: FromEtcd): Promise<void> {
  for await (const line of lines) {
    const message = parse(line);
    if (message.result?.canceled === true) {
      const isCompacted = message.result.compact_revision !== undefined;
      log.end(failed(isCompacted ? 'compacted' : 'invalid'));
      return;
    }
    log.add(decodeEvents(message, from));
  }
  log.end(null);
}

function parse(line: string): WatchMessage {
  return JSON.parse(line) as WatchMessage;
}
