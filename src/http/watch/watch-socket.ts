import type { Outlet, WatchDelivery } from './watch-delivery.ts';
import type { Piece, StreamEnd } from './watch-format.ts';
import type { Socket, SocketSpeaker } from './web-socket.ts';

/** While so many bytes wait in the socket, nothing is added. */
const BUFFERED_BYTES = 64 * 1024;

/** Codes that a WebSocket closes with (RFC 6455 section 7.4; from 4000 on they are ours). */
const CLOSE_CODES: Readonly<Record<StreamEnd['reason'], number>> = {
  shutdown: 1001,
  slow: 1013,
  compacted: 4410,
};

/** A watch over a WebSocket: each event is a text message. */
export class WatchSocket implements SocketSpeaker, Outlet<string> {
  readonly batchBytes = 0;
  readonly #deliver: (outlet: Outlet<string>) => WatchDelivery<string>;
  #socket: Socket | null = null;
  #delivery: WatchDelivery<string> | null = null;

  constructor(deliver: (outlet: Outlet<string>) => WatchDelivery<string>) {
    this.#deliver = deliver;
  }

  get isReady(): boolean {
    return this.#socket !== null && this.#socket.getBufferedAmount() < BUFFERED_BYTES;
  }

  opened(socket: Socket): void {
    this.#socket = socket;
    this.#delivery = this.#deliver(this);
    this.#delivery.start();
  }

  drained(): void {
    this.#delivery?.flush();
  }

  closed(): void {
    this.#socket = null;
    this.#delivery?.gone();
  }

  write(pieces: readonly Piece<string>[]): void {
    for (const { data } of pieces) this.#socket?.sendText(data);
  }

  /** Pings that are not answered end it. */
  hurry(): void {
    return undefined;
  }

  end({ reason }: StreamEnd): void {
    this.#socket?.close(CLOSE_CODES[reason], reason);
  }
}
