/**
 * APPLYING: every node applies the committed entries, each once, in order, and after the same entry
 * all nodes are in the same state, which is the one the model has.
 */
import type { LogIndex } from '../../raft/entry.ts';
import { check } from '../failure.ts';
import type { Model } from './model.ts';
import type { View } from './view.ts';

export class Applies {
  readonly #model: Model;
  readonly #hashes = new Map<LogIndex, string>();

  constructor(model: Model) {
    this.#model = model;
  }

  /** A node has applied one entry. */
  applied(view: View, index: LogIndex): void {
    check(index === view.applied + 1, 'applied in order, once', () => {
      return `${view.node.name} applied ${index} after ${view.applied}`;
    });
    const { commitIndex } = view.raft.state;
    check(index <= commitIndex, 'only what is committed is applied', () => {
      return `${view.node.name} applied ${index}, and knows ${commitIndex} as committed`;
    });
    this.#state(view, index);
  }

  /** A node stands on a snapshot, its own or the leader's. */
  restored(view: View, index: LogIndex): void {
    check(index >= view.applied, 'applied in order, once', () => {
      return `${view.node.name} went from ${view.applied} back to ${index}`;
    });
    this.#state(view, index);
  }

  #state(view: View, index: LogIndex): void {
    view.applied = index;
    const store = view.node.node?.store;
    if (store === undefined) return;
    const { revision, compactRevision, leaseCount } = store;
    const due = this.#model.standAt(index);
    const follows =
      revision === due.revision &&
      compactRevision === due.compactRevision &&
      leaseCount === due.leaseCount;
    check(follows, 'the store follows the log', () => {
      const stand = JSON.stringify({ revision, compactRevision, leaseCount });
      return `${view.node.name} is at ${stand} after ${index}, not ${JSON.stringify(due)}`;
    });
    this.matches(view.node.name, index, store.hash());
  }

  /** After the same entry all have the same state. */
  matches(who: string, index: LogIndex, hash: string): void {
    const known = this.#hashes.get(index);
    if (known === undefined) this.#hashes.set(index, hash);
    check(known === undefined || known === hash, 'equal states', () => {
      return `${who} has hash ${hash} after ${index}, others had ${known}`;
    });
  }
}
