import type { MemberId } from '../../src/lib/ids.ts';
import { isResponse, type Message } from '../../src/raft/message.ts';
import type {
  ForwardAnswer,
  ForwardRequest,
  SnapshotChunk,
  SnapshotChunkAnswer,
  TransportHandler,
} from '../../src/transport/transport.ts';

export interface Unreachable {
  readonly to: MemberId;
  readonly message: Message;
}

/** A queue that is read by waiting for the next item. */
class Arrivals<T> {
  readonly all: T[] = [];
  #read = 0;
  #wake: () => void = () => undefined;

  push(item: T): void {
    this.all.push(item);
    this.#wake();
  }

  async next(): Promise<T> {
    while (this.#read >= this.all.length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const item = this.all[this.#read] as T;
    this.#read += 1;
    return item;
  }
}

/** Stands in for a node: writes down what it is told, and answers as the test wants. */
export class Recorder implements TransportHandler {
  readonly requests = new Arrivals<Message>();
  readonly responses = new Arrivals<Message>();
  readonly unreachable = new Arrivals<Unreachable>();
  onRequest: (request: Message) => void = () => undefined;
  snapshot: (from: MemberId, chunk: SnapshotChunk) => Promise<SnapshotChunkAnswer> = () =>
    Promise.reject(new Error('no snapshot was expected'));
  forward: (request: ForwardRequest, timeoutMs: number) => Promise<ForwardAnswer> = () =>
    Promise.reject(new Error('no forward was expected'));

  onMessage(message: Message): void {
    if (isResponse(message)) {
      this.responses.push(message);
    } else {
      this.requests.push(message);
      this.onRequest(message);
    }
  }

  onUnreachable(to: MemberId, message: Message): void {
    this.unreachable.push({ to, message });
  }

  onSnapshotChunk(from: MemberId, chunk: SnapshotChunk): Promise<SnapshotChunkAnswer> {
    return this.snapshot(from, chunk);
  }

  onForward(request: ForwardRequest, timeoutMs: number): Promise<ForwardAnswer> {
    return this.forward(request, timeoutMs);
  }
}
