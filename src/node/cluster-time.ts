import type { StateView } from '../kv/state-machine.ts';
import { isConfigurationCommand } from '../raft/configuration.ts';
import type { Entry, LogIndex } from '../raft/entry.ts';
import type { Clock } from './clock.ts';

export interface ClusterTimeParts {
  readonly machine: { readonly view: Pick<StateView, 'clock'> };
  readonly raft: { readonly state: { readonly log: LogTail } };
  readonly clock: Pick<Clock, 'now' | 'wallNow'>;
}

interface LogTail {
  /** Entries up to this one are no longer there, but for what they did. */
  readonly baseIndex: LogIndex;
  readonly lastIndex: LogIndex;
  entry(index: LogIndex): Entry;
}

/**
 * THE TIME OF THE CLUSTER, which leaders stamp commands with, and by which remembered requests are
 * forgotten. It goes on by the monotonic clock of whoever leads, from the newest command in its log
 * or before; a wall clock only says where it began. So no clock that is wrong or jumps makes the
 * nodes forget what was promised to be remembered, or remember it for ever. While nobody leads it
 * may stand still.
 */
export class ClusterTime {
  readonly #parts: ClusterTimeParts;
  /** A moment of this node's monotonic clock, and the time of the cluster then. */
  #anchor: { readonly now: number; readonly at: number } | null = null;

  constructor(parts: ClusterTimeParts) {
    this.#parts = parts;
  }

  /** For the next command of a leader: ms since about 1970, whole, never less than before. */
  now(): number {
    const now = this.#parts.clock.now();
    const newest = this.#newest();
    const anchor = this.#anchor;
    const at = anchor === null ? 0 : Math.trunc(anchor.at + now - anchor.now);
    if (anchor !== null && at >= newest) return at;
    const start = newest === 0 ? this.#beginning() : newest;
    this.#anchor = { now, at: start };
    return start;
  }

  /** The time of the last command, be it committed or not; 0 when there was none. */
  #newest(): number {
    const { machine, raft } = this.#parts;
    const { log } = raft.state;
    for (let index = log.lastIndex; index > log.baseIndex; index -= 1) {
      const { command } = log.entry(index);
      const hasTime = command.kind !== 'noop' && !isConfigurationCommand(command);
      if (hasTime) return Math.max(command.at, machine.view.clock);
    }
    return machine.view.clock;
  }

  /** Where no command was ever before. */
  #beginning(): number {
    const { raft, clock } = this.#parts;
    // Of a snapshot that is still to be taken in it is not known what was before.
    return raft.state.log.baseIndex > 0 ? 0 : Math.trunc(clock.wallNow());
  }
}
