/**
 * STORES, item by item: what a node holds is what the model has, with all of the past that is not
 * compacted, and every lease. Hashes are compared all the time; this is what they stand for.
 */
import type { StoreView } from '../../node/api.ts';
import { EMPTY_BYTES } from '../../lib/bytes.ts';
import { check } from '../failure.ts';
import { EVERYTHING, type KvModel, type ModelChange } from './kv-model.ts';

/** Past revisions that are read whole. */
const LOOKS = 5;
const REPLAY_BUDGET = 100;

/** @param name of the node, which has applied all that the model has. */
export function checkStore(name: string, store: StoreView, model: KvModel): void {
  for (const revision of looks(model)) {
    same(
      `${name} at revision ${revision}`,
      pairsAt(store, revision),
      model.at(EVERYTHING, revision),
    );
  }
  same(`the past of ${name}`, pastOf(store), dueOf(model));
  const leases = [...store.allLeases()].map(({ id, ...lease }) => [id, lease] as const);
  for (const [id, { ttl, remaining, epoch }] of leases) {
    same(`lease ${id} of ${name}`, { ttl, remaining, epoch }, model.leases.get(id));
    same(`keys of lease ${id} of ${name}`, store.keysOf(id), model.keysOf(id));
  }
  same(`the leases of ${name}`, leases.length, model.leases.size);
}

function looks({ revision, compactRevision }: KvModel): number[] {
  const first = Math.max(1, compactRevision);
  const step = Math.max(1, Math.ceil((revision - first) / LOOKS));
  const all = [revision];
  for (let at = first; at < revision; at += step) all.push(at);
  return all;
}

function pairsAt(store: StoreView, revision: number) {
  return store.rangeAt(EMPTY_BYTES, null, revision, Number.POSITIVE_INFINITY);
}

/** By revision, the versions it wrote. */
function pastOf(store: StoreView): ModelChange[] {
  const past: ModelChange[] = [];
  let from = Math.max(1, store.compactRevision);
  while (from <= store.revision) {
    const replay = store.replay(EMPTY_BYTES, null, from, REPLAY_BUDGET);
    check(replay.type === 'replay', 'stores are as the model', () => JSON.stringify(replay));
    for (const { revision, events } of replay.changes) {
      past.push({ revision, versions: events.map(({ kv }) => kv) });
    }
    from = replay.next;
  }
  return past;
}

function dueOf({ changes, compactRevision }: KvModel): ModelChange[] {
  return changes.filter(({ revision }) => revision >= compactRevision);
}

function same(what: string, found: unknown, due: unknown): void {
  const [is, ought] = [JSON.stringify(found), JSON.stringify(due)];
  check(is === ought, 'stores are as the model', () => {
    const at = Array.from(is).findIndex((one, index) => one !== ought[index]);
    const near = (text: string): string => text.slice(Math.max(0, at - 200), at + 200);
    return `${what}: …${near(is)}…, not …${near(ought)}…`;
  });
}
