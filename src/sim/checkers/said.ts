/**
 * WHAT A MEMBER HAS SAID binds it in all its lives: its terms never fall, and a vote that it wrote
 * down is its vote for that term. Damage to its disk may make it forget both; then it must not
 * vote before its log is confirmed.
 */
import type { MemberId } from '../../lib/ids.ts';
import type { HardState, Term } from '../../raft/entry.ts';
import type { Restored } from '../../storage/storage.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';

export class Said {
  readonly #terms = new Map<MemberId, Term>();

  sent(node: SimNode, { type, term }: WireMessage): void {
    // A pre-vote is a question about a term that nobody has entered.
    if (type === 'pre-vote') return;
    const before = this.#terms.get(node.id) ?? 0;
    check(term >= before, 'terms never fall', () => {
      return `${node.name} sends ${type} of term ${term} after one of term ${before}`;
    });
    this.#terms.set(node.id, term);
  }

  opened(node: SimNode, { state, tail }: Restored): void {
    const before = this.#terms.get(node.id) ?? 0;
    const mayForget = node.isDamaged && tail === 'torn';
    check(state.term >= before || mayForget, 'terms never fall', () => {
      return `${node.name} starts in term ${state.term}, and has spoken in ${before}`;
    });
    this.#terms.set(node.id, state.term);
  }

  /** Term and vote are on disk, in place of those before. */
  stored(node: SimNode, before: HardState, { term, vote }: HardState): void {
    check(term >= before.term, 'terms never fall', () => {
      return `${node.name} writes down term ${term} after ${before.term}`;
    });
    const isFree = term > before.term || before.vote === null || before.vote === vote;
    check(isFree, 'one vote a term', () => {
      return `${node.name} writes down a vote for ${vote} in term ${term}, had ${before.vote}`;
    });
  }
}
