/**
 * LOCKS: whoever is told that it holds one is the first in the queue, as all that is committed has
 * it, or was until its lease ended; and of two, the one with the greater fencing token is told
 * later. Only a process that stands still in between tells what was true when it had asked: for
 * that there are tokens.
 */
import { type ByteString, bytesOfText, textOfBytes } from '../../lib/bytes.ts';
import { queueRange } from '../../node/locks/contender.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import type { KvModel } from './kv-model.ts';

/** What the lock protects: its holders write their tokens there. */
export const PROTECTED_KEY = bytesOfText('a-protected-key');

export class LockCheck {
  readonly #model: KvModel;
  readonly #name: ByteString;
  readonly #before: (node: SimNode) => void;
  /** Of the last who was told. */
  #token = 0;

  /** @param before to be called before what a node says is looked at. */
  constructor(model: KvModel, name: ByteString, before: (node: SimNode) => void) {
    this.#model = model;
    this.#name = name;
    this.#before = before;
  }

  /** The token of the last who was told. */
  get newest(): number {
    return this.#token;
  }

  /**
   * A node tells somebody that the key of its own holds the lock.
   *
   * @param floor only those are before it who were told before it asked; by default all are.
   */
  held(node: SimNode, key: ByteString, floor: number = this.#token): void {
    this.#before(node);
    const { start, end } = queueRange(this.#name);
    const queue = this.#model.at({ key: start, end }, Number.POSITIVE_INFINITY);
    const token = this.#tokenOf(key);
    const first = Math.min(...queue.map(({ createRevision }) => createRevision));
    check(token <= first, 'locks have one holder', () => {
      return `${node.name} tells ${key} of token ${token} that it holds; ${first} was before`;
    });
    check(token > floor, 'fencing tokens grow', () => {
      return `${node.name} tells ${key} of token ${token} after ${floor}`;
    });
    this.#token = Math.max(token, this.#token);
  }

  /** At the end: no write to what is protected came after one of a later holder. */
  finish(): void {
    let newest = 0;
    for (const { revision, versions } of this.#model.changes) {
      const version = versions.find(({ key }) => key === PROTECTED_KEY);
      if (version === undefined) continue;
      const token = Number(textOfBytes(version.value));
      check(token >= newest, 'fenced writes are in the order of their tokens', () => {
        return `revision ${revision} is of the holder with token ${token}, after ${newest}`;
      });
      newest = token;
    }
  }

  /** It may be gone by now, but never comes again: its lease is nobody else's. */
  #tokenOf(key: ByteString): number {
    for (const { versions } of this.#model.changes.toReversed()) {
      const version = versions.find((one) => one.key === key && one.version > 0);
      if (version !== undefined) return version.createRevision;
    }
    check(false, 'locks are held by keys that are committed', () => key);
    return 0;
  }
}
