import type { Unsubscribe } from '../api.ts';
import type { Contender } from './contender.ts';
import type { OpenView } from './queue-view.ts';

/** Who leads as of a revision; null when nobody does. */
export interface LeaderNews {
  readonly revision: number;
  readonly leader: Contender | null;
}

/**
 * WHO LEADS, told at once and at each change of the leader or of what it says. It follows what is
 * applied on this node; of what a snapshot skipped only the outcome is told.
 */
export class LeaderFeed {
  readonly #open: OpenView;
  readonly #revision: () => number;
  #told: Contender | null = null;
  #leave: Unsubscribe = () => undefined;

  constructor(open: OpenView, revision: () => number) {
    this.#open = open;
    this.#revision = revision;
  }

  /** To be called once. `tell` must not throw or wait. */
  start(tell: (news: LeaderNews) => void): void {
    const { view } = this.#open;
    this.#told = view.first;
    this.#leave = view.observe((revision) => {
      const leader = view.first;
      if (isSame(leader, this.#told)) return;
      this.#told = leader;
      tell({ revision, leader });
    });
    tell({ revision: this.#revision(), leader: this.#told });
  }

  close(): void {
    this.#leave();
    this.#open.close();
  }
}

/** Two keys of one transaction have one revision. */
function isSame(a: Contender | null, b: Contender | null): boolean {
  return a?.pair.key === b?.pair.key && a?.pair.modRevision === b?.pair.modRevision;
}
