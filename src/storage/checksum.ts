import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** CRC-32 (zlib's) of bytes, or of the UTF-8 bytes of a text, in eight hex digits. */
export function crcHex(data: string | Uint8Array): string {
  return crc32(data).toString(16).padStart(8, '0');
}

/** An incremental SHA-256. */
export class Sha256 {
  readonly #hash: Hash;

  constructor(hash: Hash = createHash('sha256')) {
    this.#hash = hash;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The hash so far, in hex; more may follow. */
  hex(): string {
    return this.#hash.copy().digest('hex');
  }
}
