import type { MemberId } from '../lib/ids.ts';
import type { Message } from '../raft/message.ts';
import type { SnapshotFile } from '../storage/storage.ts';
import type { Correlation } from '../wire/correlation.ts';

/** Where peers are, by member id. */
export type PeerUrls = ReadonlyMap<MemberId, string>;

/**
 * THE TRANSPORT PORT: carries messages between nodes, with no promise: any message may be lost,
 * late, doubled or out of order. Sending never throws and never blocks.
 */
export interface Transport {
  /**
   * Sends a request, or answers one. A response to a request that arrived here goes back on the
   * connection that carried it.
   */
  send(message: Message): void;
  /** Replaces the addresses. Messages to an unknown id are dropped. */
  setPeers(peers: PeerUrls): void;
  /** Sends one piece of a snapshot file and waits for the answer; rejects with TransportError. */
  sendSnapshotChunk(to: MemberId, chunk: SnapshotChunk): Promise<SnapshotChunkAnswer>;
  /**
   * Passes a client's command on to the leader; rejects with TransportError. Unlike messages, it
   * arrives at most once: what a leader says it refused must not be carried out by a copy.
   */
  forward(to: MemberId, request: ForwardRequest, timeoutMs: number): Promise<ForwardAnswer>;
  close(): Promise<void>;
}

/** What a transport hands to the node. */
export interface TransportHandler {
  /** A request or a response arrived, complete and checked for form. */
  onMessage(message: Message): void;
  /** A request could not be delivered or was not answered in time. */
  onUnreachable(to: MemberId, message: Message): void;
  /** A peer refuses this member as one that was removed from the cluster. */
  onDisowned?(by: MemberId): void;
  onSnapshotChunk(from: MemberId, chunk: SnapshotChunk): Promise<SnapshotChunkAnswer>;
  onForward(request: ForwardRequest, timeoutMs: number): Promise<ForwardAnswer>;
}

/** At most 1 MiB of a snapshot file. */
export interface SnapshotChunk {
  readonly term: number;
  readonly recovery: number;
  readonly snapshot: SnapshotFile;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface SnapshotChunkAnswer {
  readonly term: number;
  /** The offset the receiver wants next; the size of the file once it is whole. */
  readonly nextOffset: number;
  /** Set on the last piece: the receiver has installed the snapshot, or already had it. */
  readonly done: boolean;
}

/** A command of a client that reached a node that does not lead. Remembered by its id. */
export interface ForwardRequest {
  readonly from: MemberId;
  readonly to: MemberId;
  /** A named operation of the node (`propose`, `add-member`, …) and its JSON-able arguments. */
  readonly operation: string;
  readonly requestId: string;
  readonly body: unknown;
  /** By which the client's request is found in logs. */
  readonly correlation?: Correlation | undefined;
}

export interface ForwardAnswer {
  readonly ok: boolean;
  /** ok: the operation's result. Not ok: an error of the table in wire/errors.ts. */
  readonly body: unknown;
}

/** A peer did not answer. `sent` is false when the request certainly never reached it. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly sent: boolean;

  constructor(message: string, sent: boolean) {
    super(message);
    this.sent = sent;
  }
}
