import type { RaftState } from '../raft/state.ts';

/** What a removed member can do: its id is used up. */
export const REMOVED =
  'this member was removed from the cluster; stop it, and join again with an empty directory';

/** Whether this member was removed, as its own log says, or another member that has seen it. */
export function isRemoved(raft: RaftState): boolean {
  return raft.isDisowned || raft.hasRemoved(raft.id);
}
