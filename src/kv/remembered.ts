import { hashValue } from './canonical.ts';
import type { AppliedResult, KeyValue, TxnOpResult } from './command.ts';
import { type Hash64, Hasher } from './hash.ts';

/** A request that was carried out. Immutable. */
export interface Remembered {
  /** Its name (request-id.ts). */
  readonly slot: string;
  /** Of the command's content (digest.ts). */
  readonly digest: string;
  /** The time then, ms: an opaque request is forgotten by it. */
  readonly at: number;
  /** The first answer, which every later one repeats. */
  readonly result: AppliedResult;
}

/** A client that counts its requests. Immutable. */
export interface Client {
  readonly name: string;
  /** The time of its newest request that was not refused for want of room, ms. */
  readonly lastAt: number;
  /** The greatest number that was forgotten; -1 while none was. All remembered ones are greater. */
  readonly floor: number;
}

/** An estimate of the memory a remembered request takes, in bytes. */
export function costOfRequest(request: Remembered): number {
  let cost = costWithoutPairs(request);
  for (const pair of pairsOf(request.result)) cost += 100 + pair.key.length + pair.value.length;
  return cost;
}

/** As `costOfRequest`, without the pairs of its answer. */
export function costWithoutPairs({ slot, result }: Remembered): number {
  const body = result.type === 'remembered' ? result.answer.body.length : 0;
  return 250 + slot.length + body + (result.type === 'txn' ? costOfResults(result.results) : 0);
}

/** An estimate of the memory a client takes without its requests, in bytes. */
export function costOfClient(client: Client): number {
  return 400 + client.name.length;
}

export function hashOfRequest(request: Remembered): Hash64 {
  const hasher = new Hasher().text(request.slot).text(request.digest).number(request.at);
  hashValue(hasher, request.result);
  return hasher.finish();
}

export function hashOfClient(client: Client): Hash64 {
  return new Hasher()
    .text(client.name)
    .number(client.lastAt)
    .number(client.floor + 1)
    .finish();
}

/** The pairs an answer holds on to, in their order. */
export function pairsOf(result: AppliedResult | TxnOpResult): readonly KeyValue[] {
  switch (result.type) {
    case 'put':
      return result.prev === null ? [] : [result.prev];
    case 'delete':
      return result.prev;
    case 'get':
      return result.kvs;
    case 'txn':
      return result.results.flatMap(pairsOf);
    default:
      return [];
  }
}

function costOfResults(results: readonly TxnOpResult[]): number {
  let cost = 0;
  for (const result of results) {
    cost += 100 + (result.type === 'txn' ? costOfResults(result.results) : 0);
  }
  return cost;
}
