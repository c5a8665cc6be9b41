import type { KeyValue } from '../kv/command.ts';
import type { SliceContext, Slices, Steps } from './slices.ts';

const CHUNK_CHARACTERS = 64 * 1024;

export interface PairStreamOptions {
  /** Null for a step that gave no pair. */
  readonly pairs: Generator<KeyValue | null, void, undefined>;
  readonly encode: (pair: KeyValue) => object;
  /** How many pairs at most. */
  readonly limit: number;
  readonly slices: Slices;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal | null;
}

/**
 * PAIRS AS THEY ARE READ: one line of JSON for each, in pieces of about 64 KiB (one pair always
 * fits), each made when the one before has been taken. A reader that stands still costs the copy of
 * the store that its pairs come from, and nothing else. Where a pair cannot be read the stream
 * breaks, and with it the connection: what ends properly is complete.
 */
export function pairStream(options: PairStreamOptions): ReadableStream<Uint8Array> {
  const { pairs, slices, signal } = options;
  const context: SliceContext = { deadline: Number.POSITIVE_INFINITY, signal };
  const utf8 = new TextEncoder();
  let left = options.limit;
  let isWanted = true;
  function* chunk(): Steps<{ readonly text: string; readonly isLast: boolean }> {
    let text = '';
    while (left > 0) {
      const { value, done } = pairs.next();
      if (done === true) return { text, isLast: true };
      if (value !== null) {
        left -= 1;
        text += `${JSON.stringify(options.encode(value))}\n`;
        if (text.length >= CHUNK_CHARACTERS) break;
      }
      yield;
    }
    return { text, isLast: left === 0 };
  }
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { text, isLast } = await slices.queued(chunk(), context);
        if (!isWanted) return;
        if (text !== '') controller.enqueue(utf8.encode(text));
        if (!isLast) return;
        pairs.return();
        controller.close();
      },
      cancel: () => {
        isWanted = false;
        pairs.return();
      },
    },
    { highWaterMark: 0 },
  );
}
