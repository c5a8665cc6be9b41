import { assert } from '../../src/lib/assert.ts';
import type { MemberId } from '../../src/lib/ids.ts';
import type { Entry, LogIndex, Term } from '../../src/raft/entry.ts';
import type { Message } from '../../src/raft/message.ts';
import { majority } from '../../src/raft/quorum.ts';
import type { RaftState } from '../../src/raft/state.ts';
import { nameOf } from './raft-members.ts';
import type { RaftDisk } from './raft-disk.ts';

/** What the oracle sees of a node. */
export interface Witness {
  readonly id: MemberId;
  readonly disk: RaftDisk;
  readonly state: RaftState;
}

interface Committed {
  readonly term: Term;
  readonly json: string;
  /** The smallest term of a leader that counted it as committed. */
  inTerm: Term;
}

/**
 * WHAT MUST HOLD BETWEEN NODES (Figure 3), over the whole history of a cluster: election safety,
 * log matching, leader completeness, state machine safety; and that no message promises what the
 * sender's disk does not hold.
 */
export class RaftOracle {
  /** Set when disks may lose what they acknowledged: then copies are not counted on disk. */
  disksMayForget = false;
  /** Set when a test makes up what other nodes say: then only what one node shows is judged. */
  othersAreMadeUp = false;
  readonly #leaders = new Map<Term, MemberId>();
  readonly #entries = new Map<string, { readonly json: string; readonly before: Term | null }>();
  readonly #committed: Committed[] = [];
  readonly #votes = new Map<string, MemberId>();
  readonly #reads = new Map<number, LogIndex>();

  /** The highest index that any leader has committed. */
  get committedIndex(): LogIndex {
    return this.#committed.length;
  }

  leaderOf(term: Term): MemberId | null {
    return this.#leaders.get(term) ?? null;
  }

  /** A node became leader: the only one of its term, holding all that was committed before. */
  elected(node: Witness): void {
    const { term, log } = node.state;
    const known = this.#leaders.get(term) ?? node.id;
    assert(known === node.id, () => `two leaders in term ${term}: ${known} and ${node.id}`);
    this.#leaders.set(term, node.id);
    for (const [i, entry] of this.#committed.entries()) {
      const index = i + 1;
      if (entry.inTerm >= term || index <= log.baseIndex) continue;
      const held = log.term(index);
      assert(held === entry.term, () => {
        return `leader ${node.id} of term ${term} holds ${index}@${held}, not @${entry.term}`;
      });
    }
  }

  /** Entries were handed to a disk: (index, term) names one entry and all before it. */
  appended(node: Witness, entries: readonly Entry[]): void {
    const { log } = node.state;
    for (const [i, { index, term, json }] of entries.entries()) {
      const previous = entries[i - 1];
      const before = previous?.index === index - 1 ? previous.term : log.term(index - 1);
      const key = `${index}@${term}`;
      const known = this.#entries.get(key);
      if (known === undefined || known.before === null) {
        this.#entries.set(key, { json, before: log.matches(index, term) ? before : null });
        continue;
      }
      assert(known.json === json, () => `two entries ${key}: ${known.json} and ${json}`);
      if (before === null || !log.matches(index, term)) continue;
      assert(known.before === before, () => `${key} after ${known.before} and after ${before}`);
    }
  }

  /** A leader moved its commit index: what it covers is on the disks of a quorum. */
  committed(leader: Witness, to: LogIndex, nodes: ReadonlyMap<MemberId, Witness>): void {
    const { log, term, voters } = leader.state;
    const newest = log.term(to);
    const disksTell = !this.disksMayForget && !this.othersAreMadeUp;
    if (disksTell && newest !== null) {
      const copies = voters.filter((id) => nodes.get(id)?.disk.holds(to, newest) === true);
      assert(copies.length >= majority(voters.length), () => {
        return `${nameOf(leader.id)} commits ${to}@${newest} with copies at ${copies.join()}`;
      });
    }
    for (let index = log.firstIndex; index <= to; index += 1) {
      const known = this.#committed[index - 1];
      if (known !== undefined) {
        known.inTerm = Math.min(known.inTerm, term);
        continue;
      }
      const entry = log.entry(index);
      this.#committed.push({ term: entry.term, json: entry.json, inTerm: term });
    }
  }

  /** A node applied an entry: the same one as every other node at this index. */
  applied(node: Witness, entry: Entry): void {
    const known = this.#committed[entry.index - 1];
    if (known === undefined && this.othersAreMadeUp) return;
    assert(known !== undefined, () => `${nameOf(node.id)} applies ${entry.index} uncommitted`);
    assert(known.term === entry.term && known.json === entry.json, () => {
      return `${nameOf(node.id)} applies ${entry.index}@${entry.term}, not @${known.term}`;
    });
  }

  /** A read began: no answer may be older than what is committed now. */
  readBegun(context: number): void {
    this.#reads.set(context, this.committedIndex);
  }

  readAnswered(context: number, index: LogIndex | null): void {
    const floor = this.#reads.get(context);
    assert(floor !== undefined, () => `an answer to the unknown read ${context}`);
    assert(index === null || index >= floor, () => `read ${context} at ${index} < ${floor}`);
  }

  /** A message leaves: its sender's disk must hold what it promises. */
  sent(node: Witness, message: Message): void {
    const { disk } = node;
    const asked = message.type === 'pre-vote' && !message.survey ? 1 : 0;
    assert(disk.state.term >= message.term - asked, () => {
      return `${describe(message)} of term ${message.term} but ${disk.state.term} on disk`;
    });
    if (message.type === 'vote-response' && message.granted) this.#voted(node, message);
    if (message.type === 'append-response' && message.ok) this.#confirmed(node, message);
  }

  #voted(node: Witness, message: Message): void {
    const { term, vote } = node.disk.state;
    const { to } = message;
    assert(term > message.term || vote === to, () => `${describe(message)} but ${vote} on disk`);
    const key = `${node.id}@${message.term}`;
    const known = this.#votes.get(key) ?? to;
    assert(known === to, () => `${key} voted for ${known} and for ${to}`);
    this.#votes.set(key, to);
  }

  #confirmed(node: Witness, message: Message & { readonly index: LogIndex }): void {
    const { disk, state } = node;
    // In a later term the log may have changed behind the answer.
    if (disk.state.term > message.term || state.term > message.term) return;
    const term = state.log.term(message.index);
    const held = message.index <= disk.baseIndex || disk.term(message.index) === term;
    assert(term === null ? message.index <= disk.lastIndex : held, () => {
      return `${describe(message)} confirms ${message.index} but disk ends at ${disk.lastIndex}`;
    });
  }
}

function describe(message: Message): string {
  return `${message.type} ${nameOf(message.from)} -> ${nameOf(message.to)}`;
}
