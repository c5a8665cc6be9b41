/**
 * LOGS: Log Matching (paper, figure 3: the same index and term mean the same entry, and the same
 * entries before it), Leader Append-Only, and at most one configuration that is not committed.
 */
import { isConfigurationCommand } from '../../raft/configuration.ts';
import type { Entry, LogIndex, Term } from '../../raft/entry.ts';
import { check } from '../failure.ts';
import type { Oracle } from './oracle.ts';
import type { View } from './view.ts';

interface Known {
  readonly json: string;
  readonly previousTerm: Term;
}

export class Logs {
  readonly #oracle: Oracle;
  /** By term and index. */
  readonly #known = new Map<string, Known>();

  constructor(oracle: Oracle) {
    this.#oracle = oracle;
  }

  /** Looks at what is new in a node's log. */
  observe(view: View): void {
    const { log, role, term } = view.raft.state;
    const led =
      role.name === 'leader' && view.before.role === 'leader' && view.before.term === term;
    let index = log.lastIndex;
    let fresh = false;
    for (; index > log.baseIndex; index -= 1) {
      const entry = log.entry(index);
      const seen = view.log.get(index);
      if (seen === entry) break;
      check(
        seen === undefined || !led || index > view.before.lastIndex,
        'leader appends only',
        () => {
          return `${view.node.name} replaced its entry ${index} in term ${term}`;
        },
      );
      this.#matches(view, entry, log.term(index - 1));
      view.isRewritten ||= seen !== undefined;
      view.log.set(index, entry);
      fresh ||= isConfigurationCommand(entry.command);
    }
    if (fresh) this.#onePending(view);
    if (view.log.size > 2 * (log.lastIndex - log.baseIndex) + 64) prune(view, log.baseIndex);
  }

  /** At the end of a life: nothing has changed but at the end, where it was seen. */
  isWhole({ node, raft, log: seen }: View): void {
    const { log } = raft.state;
    for (let index = log.baseIndex + 1; index <= log.lastIndex; index += 1) {
      const entry = log.entry(index);
      check(entry === seen.get(index), 'logs change at their ends', () => {
        const was = JSON.stringify(seen.get(index));
        return `${node.name} holds ${JSON.stringify(entry)} at ${index}, where it had ${was}`;
      });
    }
  }

  /** What an entry says is what was written down of it. */
  saysTheSame({ node, raft }: View): void {
    const { log } = raft.state;
    for (let index = log.baseIndex + 1; index <= log.lastIndex; index += 1) {
      const { command, json } = log.entry(index);
      const text = JSON.stringify(command);
      check(text === json, 'entries do not change', () => {
        return `${node.name}: entry ${index} was ${json}, and now says ${text}`;
      });
    }
  }

  #matches(view: View, { index, term, json }: Entry, previousTerm: Term | null): void {
    if (previousTerm === null) return;
    const name = `${term}:${index}`;
    const known = this.#known.get(name);
    if (known === undefined) {
      this.#known.set(name, { json, previousTerm });
      return;
    }
    check(known.json === json && known.previousTerm === previousTerm, 'log matching', () => {
      const here = `${json} after term ${previousTerm}`;
      const there = `${known.json} after term ${known.previousTerm}`;
      return `entry ${index} of term ${term} on ${view.node.name} is ${here}, elsewhere ${there}`;
    });
  }

  #onePending(view: View): void {
    const { log } = view.raft.state;
    const pending: LogIndex[] = [];
    const first = Math.max(this.#oracle.lastIndex, log.baseIndex) + 1;
    for (let index = first; index <= log.lastIndex; index += 1) {
      if (isConfigurationCommand(log.entry(index).command)) pending.push(index);
    }
    check(pending.length <= 1, 'one membership change at a time', () => {
      return `${view.node.name} holds uncommitted configurations at ${pending.join(', ')}`;
    });
  }
}

function prune(view: View, base: LogIndex): void {
  const { lastIndex } = view.raft.state.log;
  for (const index of view.log.keys()) {
    if (index <= base || index > lastIndex) view.log.delete(index);
  }
}
