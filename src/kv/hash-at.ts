import { EMPTY_BYTES } from '../lib/bytes.ts';
import { Hasher, HashSum, hexOfHash } from './hash.ts';
import { visitAt } from './scan.ts';
import { hashOfVersion, type Versions } from './versions.ts';

/**
 * The hash of all that a read at a revision can see: the pairs with their values, revisions,
 * versions and leases, in sixteen hexadecimal digits. It is the same on every node that knows the
 * revision and has not forgotten it, whatever else it knows. One pair a step; nothing may change
 * meanwhile.
 */
export function* hashSteps(
  versions: Versions,
  revision: number,
): Generator<undefined, string, undefined> {
  const sum = new HashSum();
  let count = 0;
  const everything = { start: EMPTY_BYTES, end: null };
  for (const pair of visitAt(versions, everything, revision, false)) {
    if (pair !== null) {
      sum.add(hashOfVersion(pair));
      count += 1;
    }
    yield;
  }
  return hexOfHash(new Hasher().number(revision).number(count).hash(sum.value()).finish());
}
