/**
 * Cluster and member ids are 63-bit numbers, written in decimal and held as strings: a JavaScript
 * number would round them.
 */

declare const memberId: unique symbol;
declare const clusterId: unique symbol;

/** Names a member for all time; never reused. */
export type MemberId = string & { readonly [memberId]: true };
/** Names a cluster; peers of another cluster are refused. */
export type ClusterId = string & { readonly [clusterId]: true };

const MAX = 2n ** 63n - 1n;

/** Whether the text is a canonical id: decimal, no leading zero, 1 to 2^63 - 1. */
export function isId(text: string): boolean {
  return /^[1-9][0-9]{0,18}$/.test(text) && BigInt(text) <= MAX;
}

/** The id in the text, or null when it is not one. */
export function parseMemberId(text: string): MemberId | null {
  return isId(text) ? (text as MemberId) : null;
}

/** The id in the text, or null when it is not one. */
export function parseClusterId(text: string): ClusterId | null {
  return isId(text) ? (text as ClusterId) : null;
}

/** As `idOfBytes`, from two integers of 32 bits: a hash, or two that were drawn. */
export function idOfWords(high: number, low: number): string {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setUint32(0, high);
  bytes.setUint32(4, low);
  return idOfBytes(new Uint8Array(bytes.buffer));
}

/** An id from at least eight bytes, random or a hash: the same bytes give the same id. */
export function idOfBytes(bytes: Uint8Array): string {
  let id = 0n;
  for (let i = 0; i < 8; i += 1) id = (id << 8n) | BigInt(bytes[i] ?? 0);
  id &= MAX;
  return (id === 0n ? 1n : id).toString();
}
