import type { Ready } from '../../../src/raft/ready.ts';

/** What a core wants that wants nothing, but for what a test says. */
export function readyOf(part: Partial<Ready> = {}): Ready {
  return {
    snapshot: null,
    state: null,
    recovered: false,
    entries: [],
    messages: [],
    messagesAfterPersist: [],
    committed: [],
    snapshotOrders: [],
    readStates: [],
    trace: [],
    mark: null,
    ...part,
  };
}
