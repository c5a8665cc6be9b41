/**
 * HASHES OF THE REPLICATED STATE
 *
 * They find divergence between nodes, so they are fast and kept up to date on each write; they are
 * not cryptographic. A set of things is hashed as the sum of the hashes of its members: the order
 * of history drops out, and one member can be added or taken away without looking at the others.
 *
 * A hash is 64 bits in two independent 32-bit lanes, because JavaScript multiplies 32-bit integers
 * fast and 64-bit ones not. Each lane mixes and finishes as MurmurHash3 (Austin Appleby), with
 * constants of its own.
 */

/** 64 bits: two integers from 0 to 2^32 - 1. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** Sixteen hexadecimal digits. */
export function hexOfHash(hash: Hash64): string {
  return hash.high.toString(16).padStart(8, '0') + hash.low.toString(16).padStart(8, '0');
}

/** Whether a text is what `hexOfHash` writes. */
export function isHashHex(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text);
}

/** Hashes one thing, field by field. Fields are told apart: texts carry their length. */
export class Hasher {
  #high = 0x2f0b4c47;
  #low = 0x9747b28c | 0;

  /** A text of characters up to U+00FF (four to a word; larger characters only blur). */
  text(text: string): this {
    this.#word(text.length);
    const end = text.length - 3;
    let i = 0;
    for (; i < end; i += 4) {
      this.#word(
        text.charCodeAt(i) |
          (text.charCodeAt(i + 1) << 8) |
          (text.charCodeAt(i + 2) << 16) |
          (text.charCodeAt(i + 3) << 24),
      );
    }
    for (; i < text.length; i += 1) this.#word(text.charCodeAt(i));
    return this;
  }

  /** An integer from 0 to 2^53 - 1. */
  number(value: number): this {
    this.#word(value | 0);
    this.#word((value / 2 ** 32) | 0);
    return this;
  }

  hash(hash: Hash64): this {
    this.#word(hash.high);
    this.#word(hash.low);
    return this;
  }

  finish(): Hash64 {
    return { high: avalanche(this.#high), low: avalanche(this.#low) };
  }

  #word(word: number): void {
    const high = Math.imul(word, 0x239b961b);
    const low = Math.imul(word, 0xcc9e2d51);
    this.#high = round(this.#high ^ Math.imul(rotate(high, 16), 0xab0e9789), 17, 0x561ccd1b);
    this.#low = round(this.#low ^ Math.imul(rotate(low, 15), 0x1b873593), 13, 0xe6546b64);
  }
}

/** The hash of a set, as the sum of its members' hashes in each lane, modulo 2^32. */
export class HashSum {
  #high: number;
  #low: number;

  constructor(start: Hash64 = { high: 0, low: 0 }) {
    this.#high = start.high;
    this.#low = start.low;
  }

  add(member: Hash64): void {
    this.#high = (this.#high + member.high) >>> 0;
    this.#low = (this.#low + member.low) >>> 0;
  }

  remove(member: Hash64): void {
    this.#high = (this.#high - member.high) >>> 0;
    this.#low = (this.#low - member.low) >>> 0;
  }

  value(): Hash64 {
    return { high: this.#high, low: this.#low };
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function round(lane: number, bits: number, constant: number): number {
  return (Math.imul(rotate(lane, bits), 5) + constant) | 0;
}

/** Spreads every bit over all of them (the finaliser of MurmurHash3). */
function avalanche(lane: number): number {
  let mixed = lane;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
