import type { WireRequest } from '../wire/raft-codec.ts';

/** How long a request to a peer may take in all, from the call to the last byte of the answer. */
export interface PeerTimeouts {
  /** Votes, heartbeats and the other small ones. */
  readonly messageMs: number;
  /** Appends with entries: they wait for the receiver's disk. */
  readonly appendMs: number;
  /**
   * One piece of a snapshot. The last one waits for the installation, and is sent again should that
   * take longer: for as long as a piece is lost without a trace, the follower does not catch up.
   */
  readonly snapshotMs: number;
}

export const DEFAULT_PEER_TIMEOUTS: PeerTimeouts = {
  messageMs: 1000,
  appendMs: 5000,
  snapshotMs: 5000,
};

/** Whether a message is long, and so goes in a lane of its own. */
export function isBulky(message: WireRequest): boolean {
  return message.type === 'append' && message.entries.length > 0;
}

/** The time a message has, at its sender and at its receiver alike. */
export function messageTimeout(message: WireRequest, timeouts: PeerTimeouts): number {
  return isBulky(message) ? timeouts.appendMs : timeouts.messageMs;
}
