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
  readonly #readers: ((item: T) => void)[] = [];
  #read = 0;

  push(item: T): void {
    this.all.push(item);
    const reader = this.#readers.shift();
    if (reader === undefined) return;
    this.#read += 1;
    reader(item);
  }

  next(): Promise<T> {
    if (this.#read === this.all.length) {
      return new Promise((resolve) => this.#readers.push(resolve));
    }
    const item = this.all[this.#read] as T;
    this.#read += 1;
    return Promise.resolve(item);
  }
}

/** Stands in for a node: writes down what it is told, and answers as the test wants. */
export class Recorder implements TransportHandler {
  readonly #watchers = new Set<() => void>();
  readonly requests = new Arrivals<Message>();
  readonly responses = new Arrivals<Message>();
  readonly unreachable = new Arrivals<Unreachable>();
  /** Who refused this node as one that was removed. */
  readonly disownedBy: MemberId[] = [];
  onRequest: (request: Message) => void = () => undefined;
  snapshot: (from: MemberId, chunk: SnapshotChunk) => Promise<SnapshotChunkAnswer> = () =>
    Promise.reject(new Error('no snapshot was expected'));
  forward: (request: ForwardRequest, timeoutMs: number) => Promise<ForwardAnswer> = () =>
    Promise.reject(new Error('no forward was expected'));

  onMessage(message: Message): void {
    if (isResponse(message)) {
      this.responses.push(message);
      this.#changed();
    } else {
      this.requests.push(message);
      this.onRequest(message);
    }
  }

  onUnreachable(to: MemberId, message: Message): void {
    this.unreachable.push({ to, message });
    this.#changed();
  }

  onDisowned(by: MemberId): void {
    this.disownedBy.push(by);
  }

  /** Resolves when the request of this number has been answered or given up. */
  async settled(seq: number): Promise<void> {
    const isSettled = () =>
      this.responses.all.some((message) => message.seq === seq) ||
      this.unreachable.all.some(({ message }) => message.seq === seq);
    while (!isSettled()) await new Promise<void>((resolve) => this.#watchers.add(resolve));
  }

  #changed(): void {
    for (const wake of this.#watchers) wake();
    this.#watchers.clear();
  }

  onSnapshotChunk(from: MemberId, chunk: SnapshotChunk): Promise<SnapshotChunkAnswer> {
    return this.snapshot(from, chunk);
  }

  onForward(request: ForwardRequest, timeoutMs: number): Promise<ForwardAnswer> {
    return this.forward(request, timeoutMs);
  }
}
