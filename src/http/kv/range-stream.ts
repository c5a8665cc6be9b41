import { edenGC } from 'bun:jsc';
import type { KeyValue } from '../../kv/command.ts';
import type { Logger } from '../../lib/logger.ts';
import type { SliceContext, Slices, Steps } from '../answer/slices.ts';

const CHUNK_CHARACTERS = 64 * 1024;
/** The runtime would let garbage grow in step with the store, by hundreds of megabytes. */
const COLLECTED_CHARACTERS = 8 * 1024 * 1024;

/** As long as the stream is read; its end is the reader's, or the server's. */
const UNLIMITED: SliceContext = { deadline: Number.POSITIVE_INFINITY, signal: null };

export interface PairStreamOptions {
  /** Null for a step that gave no pair. */
  readonly pairs: Generator<KeyValue | null, void, undefined>;
  readonly encode: (pair: KeyValue) => object;
  /** How many pairs at most. */
  readonly limit: number;
  readonly slices: Slices;
  readonly logger: Logger;
}

/**
 * PAIRS AS THEY ARE READ: one line of JSON for each, in pieces of about 64 KiB (one pair always
 * fits), each made when the one before has been taken. A reader that stands still costs the copy of
 * the store that its pairs come from, and nothing else. Where a pair cannot be read the stream
 * breaks, and with it the connection: what ends properly is complete.
 */
export function pairStream(options: PairStreamOptions): ReadableStream<Uint8Array> {
  const { pairs, slices, logger } = options;
  const utf8 = new TextEncoder();
  let left = options.limit;
  let isWanted = true;
  let uncollected = 0;
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
        const { text, isLast } = await slices.queued(chunk(), UNLIMITED).catch((error: unknown) => {
          logger.log('error', 'node', 'a stream of pairs broke off', { error: String(error) });
          throw error;
        });
        if (!isWanted) return;
        if (text !== '') controller.enqueue(utf8.encode(text));
        if (isLast) controller.close();
        uncollected += text.length;
        if (uncollected < COLLECTED_CHARACTERS) return;
        uncollected = 0;
        // It looks at what is young alone, which takes a millisecond or two.
        edenGC();
      },
      cancel: () => {
        isWanted = false;
        pairs.return();
      },
    },
    { highWaterMark: 0 },
  );
}
