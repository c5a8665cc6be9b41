/**
 * DURABILITY: nothing is said on the strength of what a crash could take back, and after a crash
 * everything that was durable is there.
 */
import type { LogIndex, Term } from '../../raft/entry.ts';
import type { Restored, SnapshotFile } from '../../storage/storage.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import type { Change } from '../durable-log.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import type { Oracle } from './oracle.ts';
import type { View } from './view.ts';

/** What a start found is what was promised; less, after damage to the disk, only if it says so. */
export function checkRestored(node: SimNode, restored: Restored): void {
  const from = (restored.snapshot?.index ?? 0) + 1;
  const isContiguous = restored.entries.every(({ index }, at) => index === from + at);
  check(isContiguous, 'logs go on behind their snapshot', () => {
    const indexes = restored.entries.map(({ index }) => index);
    return `${node.name} starts with entries ${indexes.join()}, not from ${from} on`;
  });
  check(restored.tail === 'torn' || node.durable.maySettle, 'a torn log is remembered', () => {
    return `${node.name} started with a torn log before, nobody has settled it, and it forgot`;
  });
  if (node.isDamaged) {
    check(restored.tail === 'torn' || !node.durable.isAheadOf(restored), 'loss is noticed', () => {
      return `${node.name} starts with less than was durable, and takes it for everything`;
    });
    return;
  }
  const objection = node.durable.objection(restored);
  check(objection === null, 'durable survives a crash', () => `${node.name}: ${objection}`);
}

/** A log that may lack something votes for nobody before that is settled. */
export function checkStarted({ node, raft }: View, restored: Restored): void {
  const { recovery, voters } = raft.state;
  const isAlone = voters.length === 1 && voters.includes(node.id);
  const mayTrust = restored.tail === 'clean' || node.isVouched || isAlone;
  check(mayTrust || recovery !== null, 'a torn log is not trusted', () => {
    return `${node.name} starts with a torn log, and takes part as if it were whole`;
  });
}

/**
 * What is committed stays where it is durable: no later leader lacks it, so none replaces it.
 * Called when a change has become durable, and the log is still told of as before.
 */
export function checkStored(node: SimNode, change: Change, oracle: Oracle): void {
  if (change.type !== 'append') return;
  const { entries } = change.batch;
  const first = entries[0]?.index ?? Number.POSITIVE_INFINITY;
  const last = Math.min(node.durable.lastIndex, oracle.lastIndex);
  for (let index = first; index <= last; index += 1) {
    const due = oracle.get(index).term;
    if (!node.durable.holds(index, due)) continue;
    const term = entries[index - first]?.term;
    check(term === due, 'what is committed stays', () => {
      return `${node.name} had the committed entry ${index} of term ${due}, and now has ${term}`;
    });
  }
}

/**
 * A message rests only on what is durable: term, vote, and the log that it tells of.
 *
 * @param termOf the term of an entry in the log of a term's leader.
 */
export function checkSent(
  node: SimNode,
  message: WireMessage,
  termOf: (leading: Term, index: LogIndex) => Term | undefined,
): void {
  const { hard } = node.durable;
  const { term, type } = message;
  check(type === 'pre-vote' || term <= hard.term, 'durable before it is said', () => {
    return `${node.name} sends ${type} of term ${term}; its durable term is ${hard.term}`;
  });
  const candidate =
    type === 'vote' ? node.id : type === 'vote-response' && message.granted ? message.to : null;
  if (candidate !== null && term === hard.term) {
    check(hard.vote === candidate, 'durable before it is said', () => {
      return `${node.name} votes for ${candidate} in term ${term}; durable is ${hard.vote}`;
    });
  }
  // What was told in an older term may have been replaced by a newer leader's in the same write:
  // by then it can help nobody commit or win.
  if (term < hard.term) return;
  const { durable } = node;
  const state = node.node?.raft.state;
  // Whoever has gone on from there by now is elected by no vote any more.
  if (type === 'vote' && state?.role.name === 'candidate' && state.term === term) {
    const { lastIndex, lastTerm } = message;
    check(durable.holds(lastIndex, lastTerm), 'durable before it is said', () => {
      return `${node.name} asks for votes with a log to ${lastIndex} of term ${lastTerm}`;
    });
  }
  if (type !== 'append-response' || !message.ok) return;
  const { index } = message;
  const due = termOf(term, index);
  const isHeld = index <= durable.lastIndex && (due === undefined || durable.holds(index, due));
  check(isHeld, 'durable before it is said', () => {
    const end = `${durable.end.lastIndex} of term ${durable.end.lastTerm}`;
    return `${node.name} confirms ${index} of term ${due}; durable is a log to ${end}`;
  });
}

/**
 * Whoever has the entry in its log by now, and knows it as committed, needs no snapshot: its disk
 * may have to catch up, and it is asked for the entries behind as if it had said nothing.
 */
export function checkSnapshotConfirmed(node: SimNode, { index, term }: SnapshotFile): void {
  if (node.node === null) return;
  const { log } = node.node.raft.state;
  const isHeld = node.durable.holds(index, term) || log.term(index) === term;
  check(isHeld, 'durable before it is said', () => {
    return `${node.name} confirms snapshot ${index}, which it does not hold`;
  });
  const applied = node.node.status().appliedIndex;
  check(applied >= index, 'durable before it is said', () => {
    return `${node.name} confirms snapshot ${index}, and has applied only ${applied}`;
  });
}

/** What the core takes for durable is: matchIndex, acknowledgements and commits go by it. */
export function checkDurableIndex({ node, raft }: View): void {
  const { log } = raft.state;
  const { durableIndex } = log;
  if (durableIndex <= log.baseIndex) return;
  const term = log.term(durableIndex) ?? 0;
  check(node.durable.holds(durableIndex, term), 'the core knows what is durable', () => {
    const end = `${node.durable.end.lastIndex} of term ${node.durable.end.lastTerm}`;
    return `${node.name} counts on ${durableIndex} of term ${term}; durable is a log to ${end}`;
  });
}
