import type { Outlet, WatchDelivery } from './watch-delivery.ts';
import type { Piece } from './watch-format.ts';

/** Small events go together, up to this much; more would only be copied. */
const BATCH_BYTES = 64 * 1024;

/**
 * A watch as the body of an answer. The stream holds nothing itself: what is not asked for yet
 * waits in the delivery, where it is counted.
 *
 * `hurry` bounds the time that the reader has for the rest.
 */
export function watchBody(
  deliver: (outlet: Outlet<Uint8Array>) => WatchDelivery<Uint8Array>,
  hurry: () => void,
): ReadableStream<Uint8Array> {
  let outlet: BodyOutlet | null = null;
  let delivery: WatchDelivery<Uint8Array> | null = null;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        outlet = new BodyOutlet(controller, hurry);
        delivery = deliver(outlet);
        delivery.start();
      },
      pull: () => {
        if (outlet !== null) outlet.isReady = true;
        delivery?.flush();
      },
      cancel: () => delivery?.gone(),
    },
    { highWaterMark: 0 },
  );
}

class BodyOutlet implements Outlet<Uint8Array> {
  readonly batchBytes = BATCH_BYTES;
  readonly hurry: () => void;
  readonly #controller: ReadableStreamDefaultController<Uint8Array>;
  /** Somebody waits for the next bytes. */
  isReady = false;

  constructor(controller: ReadableStreamDefaultController<Uint8Array>, hurry: () => void) {
    this.#controller = controller;
    this.hurry = hurry;
  }

  write(pieces: readonly Piece<Uint8Array>[]): void {
    this.isReady = false;
    const [first] = pieces;
    if (first === undefined) return;
    const all = pieces.map(({ data }) => data);
    this.#controller.enqueue(pieces.length === 1 ? first.data : Buffer.concat(all));
  }

  end(): void {
    this.#controller.close();
  }
}
