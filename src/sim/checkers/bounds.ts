/**
 * BOUNDS of what a node holds, and holds up: a leader whose disk is stuck gives up, the log in
 * memory is cut behind every snapshot, the files are tidied, and nothing waits once all is quiet.
 */
import type { LogIndex } from '../../raft/entry.ts';
import { check } from '../failure.ts';
import type { Profile } from '../profile.ts';
import type { SimNode } from '../sim-node.ts';
import type { View } from './view.ts';

/** A clock may be slow by a tenth, and what is counted is counted in ticks. */
const SLOW_CLOCK = 1.2;
const SLACK_TICKS = 10;
/** Both snapshots that are kept, and one on its way to take the place of the older. */
const SNAPSHOTS_MAX = 3;
const SNAPSHOT = /^snapshot-(\d+)\.jsonl$/;
/** What counts those who wait. */
const WAITING =
  /^(etcd_server_proposals_pending|abcd_reads_pending|etcd_debugging_mvcc_watcher_total) (\d+)$/gm;

export class Bounds {
  readonly #profile: Profile;
  readonly #now: () => number;

  constructor(profile: Profile, now: () => number) {
    this.#profile = profile;
    this.#now = now;
  }

  /** A snapshot has been saved, up to here. */
  snapshotSaved(view: View, index: LogIndex): void {
    view.savedAt = index;
  }

  /** After each step of a node. */
  observe(view: View): void {
    this.#diskIsNotStuck(view);
    if (view.savedAt > 0) this.#logIsCut(view, view.savedAt);
    view.savedAt = 0;
  }

  /** At the end, when everything is quiet: no log is kept that both kept snapshots stand for. */
  finish({ name, disk }: SimNode): void {
    const paths = disk.disk.paths();
    const snapshots = paths.flatMap((path) => SNAPSHOT.exec(path)?.slice(1).map(Number) ?? []);
    const logs = paths.filter((path) => path.startsWith('wal/') && path.endsWith('.jsonl'));
    const [oldest, next] = logs.sort();
    const older = Math.min(...snapshots);
    const isNeeded =
      snapshots.length < 2 || next === undefined || oldest === undefined
        ? true
        : lastEntryOf(disk.disk.contents(oldest)) > older;
    check(isNeeded && snapshots.length <= SNAPSHOTS_MAX, 'disks are tidied', () => {
      return `${name} keeps snapshots ${snapshots.join(', ')}, and ${logs.join(', ')}`;
    });
  }

  /** A leader that can write nothing holds everybody up. */
  #diskIsNotStuck(view: View): void {
    const { node, raft } = view;
    const isStuck =
      raft.state.role.name === 'leader' && node.disk.isStuck && node.durable.hasPending;
    const { tickMs, electionMs } = this.#profile.timing;
    const now = this.#now();
    // Time in which the process stood still does not count.
    const passed = Math.min(now - view.steppedAt, 2 * tickMs);
    view.stuckMs = isStuck && view.isStuck ? view.stuckMs + passed : 0;
    view.isStuck = isStuck;
    view.steppedAt = now;
    const most = SLOW_CLOCK * 2 * electionMs + SLACK_TICKS * tickMs;
    check(view.stuckMs <= most, 'a leader with a stuck disk gives up', () => {
      return `${node.name} leads, and its disk has been stuck for ${view.stuckMs} ms`;
    });
  }

  #logIsCut({ node, raft }: View, savedAt: LogIndex): void {
    const { log } = raft.state;
    const due = Math.min(savedAt, log.lastIndex - this.#profile.limits.retainEntries);
    check(log.baseIndex >= due, 'logs are cut behind snapshots', () => {
      return `${node.name} keeps its log from ${log.baseIndex} on, with a snapshot of ${savedAt}`;
    });
  }
}

/** An entry, or a snapshot that took the place of entries. */
function lastEntryOf(segment: Uint8Array): LogIndex {
  const lines = new TextDecoder().decode(segment);
  const indexes = lines.matchAll(/"(?:entry|snapshot)":\{"index":(\d+)/g);
  return Math.max(0, ...[...indexes].map(([, index]) => Number(index)));
}

/** Resolves when it is certain that nobody waits for anything at a node. */
export async function checkNobodyWaits({ name, node }: SimNode): Promise<void> {
  const metrics = (await node?.metrics()) ?? '';
  const counts = [...metrics.matchAll(WAITING)];
  const waiting = counts.filter(([, , count]) => count !== '0').map(([line]) => line);
  check(counts.length === 3 && waiting.length === 0, 'nobody waits in the end', () => {
    return `${name}: ${waiting.join(', ')}`;
  });
}
