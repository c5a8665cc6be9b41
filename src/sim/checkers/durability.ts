/**
 * DURABILITY: nothing is said on the strength of what a crash could take back, and after a crash
 * everything that was durable is there.
 */
import type { Restored, SnapshotFile } from '../../storage/storage.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import type { View } from './view.ts';

/** What a start found is what was promised; less, after damage to the disk, only if it says so. */
export function checkRestored(node: SimNode, restored: Restored): void {
  if (node.isDamaged) {
    check(restored.tail === 'torn' || !node.durable.isAheadOf(restored), 'loss is noticed', () => {
      return `${node.name} starts with less than was durable, and takes it for everything`;
    });
    return;
  }
  const objection = node.durable.objection(restored);
  check(objection === null, 'durable survives a crash', () => `${node.name}: ${objection}`);
}

/** A message rests only on what is durable: term, vote, and the log that it confirms. */
export function checkSent(node: SimNode, message: WireMessage): void {
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
  // What was confirmed to an older leader may have been replaced by a newer one's in the same
  // write: by then this node can help nobody commit it.
  if (type !== 'append-response' || !message.ok || term < hard.term) return;
  check(message.index <= node.durable.lastIndex, 'durable before it is said', () => {
    return `${node.name} confirms ${message.index}; durable is ${node.durable.lastIndex}`;
  });
}

export function checkSnapshotConfirmed(node: SimNode, { index, term }: SnapshotFile): void {
  check(node.durable.holds(index, term), 'durable before it is said', () => {
    return `${node.name} confirms snapshot ${index}, which it does not hold`;
  });
}

/** What the core takes for durable is: matchIndex, acknowledgements and commits go by it. */
export function checkDurableIndex({ node, raft }: View): void {
  const { log } = raft.state;
  const { durableIndex } = log;
  check(
    durableIndex <= log.baseIndex || durableIndex <= node.durable.lastIndex,
    'the core knows what is durable',
    () => `${node.name} counts on ${durableIndex}; durable is ${node.durable.lastIndex}`,
  );
}
