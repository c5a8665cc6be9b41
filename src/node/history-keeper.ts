import { AutoCompaction } from '../kv/auto-compaction.ts';
import type { KvCommand } from '../kv/command.ts';
import type { StateMachine } from '../kv/state-machine.ts';
import type { Command } from '../raft/entry.ts';
import type { Raft } from '../raft/raft.ts';
import type { Clock } from './clock.ts';
import type { Driver } from './driver.ts';

export interface HistoryKeeperParts {
  readonly machine: StateMachine;
  readonly raft: Raft;
  readonly driver: Pick<Driver, 'input'>;
  readonly clock: Clock;
}

/** How often the leader asks whether history may be forgotten, ms. */
const ASK_EVERY_MS = 5000;
/** What giving forgotten history back may take of one tick, ms, and versions between two looks. */
const COLLECT_MS = 4;
const COLLECT_AT_ONCE = 100;

/**
 * HISTORY is bounded by itself: the leader proposes what may be forgotten, as an entry like any
 * other, and every node gives the room back in small pieces whose pace nobody can observe.
 */
export class HistoryKeeper {
  readonly #parts: HistoryKeeperParts;
  readonly #policy = new AutoCompaction();
  #askAt = 0;
  #led = false;

  constructor(parts: HistoryKeeperParts) {
    this.#parts = parts;
  }

  tick(): void {
    const { machine, raft, clock } = this.#parts;
    this.#collect();
    const leads = raft.state.role.name === 'leader';
    if (leads !== this.#led) {
      this.#led = leads;
      this.#policy.reset();
    }
    const now = clock.now();
    if (!leads || now < this.#askAt) return;
    this.#askAt = now + ASK_EVERY_MS;
    const revision = this.#policy.propose(now, machine.view);
    if (revision !== null) this.#propose(revision);
  }

  #collect(): void {
    const { machine, clock } = this.#parts;
    const end = clock.now() + COLLECT_MS;
    while (machine.collect(COLLECT_AT_ONCE) && clock.now() < end);
  }

  /** A refusal does not matter: it is asked again. */
  #propose(revision: number): void {
    const { driver, clock } = this.#parts;
    const at = Math.trunc(clock.wallNow());
    const command = { v: 1, kind: 'compact', requestId: null, at, by: null, revision } as const;
    driver.input((raft) => raft.propose(command satisfies KvCommand as Command));
  }
}
