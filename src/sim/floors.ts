/**
 * HOW OFTEN each interesting thing must have happened in a hundred runs, well below what a hundred
 * runs do: a simulator that has stopped doing one of them fails.
 */
import type { Coverage, CoverageEvent } from './coverage.ts';

/** With fewer runs chance rules. */
const RUNS_MIN = 100;

const PER_HUNDRED_RUNS: Readonly<Partial<Record<CoverageEvent, number>>> = {
  'simulated-second': 3_000,
  operation: 50_000,
  'operation-acknowledged': 25_000,
  'operation-retried': 5_000,
  'retry-answered-once': 200,
  'repeated-request': 100,
  'read-linearizable': 5_000,
  'old-leader-asked': 8,
  'read-serializable': 500,
  'range-read': 500,
  'history-read': 2_000,
  'read-of-compacted': 500,
  'read-of-future': 150,
  'txn-succeeded': 1_000,
  'txn-failed': 1_000,
  compaction: 500,
  'lease-granted': 1_500,
  'lease-expired': 1_500,
  'lease-expiry-defeated': 10,
  'lease-checkpointed': 1_000,
  'lease-renewed': 400,
  'lease-asked': 100,
  'lease-renewal-logged': 300,
  'old-leader-asked-for-lease': 10,
  'lock-held': 300,
  'lock-used': 100,
  'lock-refused': 100,
  'lock-wait-failed': 100,
  'watch-opened': 300,
  'watch-resumed': 600,
  'watch-event': 8_000,
  'watch-replayed': 800,
  'watch-progress': 6_000,
  'watch-compacted': 100,
  'snapshot-under-watch': 15,
  'condition-failed': 1_000,
  'leader-elected': 500,
  'split-vote': 50,
  'leader-stepped-down': 200,
  'leader-lost-quorum': 30,
  'leader-disk-stuck': 3,
  'leadership-transferred': 20,
  'uncommitted-truncated': 20,
  'configuration-rolled-back': 1,
  'member-joined': 20,
  'member-promoted': 10,
  'member-removed': 15,
  'snapshot-saved': 500,
  'snapshot-installed': 50,
  'snapshot-over-divergent-log': 2,
  crash: 1_000,
  'crash-of-all': 20,
  'crash-while-starting': 100,
  'crash-at-operation': 50,
  'crash-while-saving-snapshot': 10,
  'restart-with-write-under-way': 50,
  'torn-tail': 10,
  'recovering-start': 8,
  'recovery-settled': 5,
  'read-index-refused': 1_000,
  pause: 50,
  partition: 100,
  'partition-one-way': 10,
  'partition-ring': 10,
  'link-clogged': 20,
  'message-lost': 1_000,
  'message-doubled': 1_000,
  'old-message-replayed': 500,
  'disk-slow': 20,
  'disk-stuck': 20,
  'disk-error': 20,
  'disk-full': 20,
  'bit-flipped': 5,
  'damage-refused': 1,
  'clock-rate-changed': 20,
  'wall-clock-jumped': 20,
  'healed-core': 10,
  'state-corrupted': 15,
  'scene-lock-handed-on': 5,
  'scene-lease-of-many-terms': 5,
  'scene-useless-leader': 5,
  'scene-deposed-leader': 5,
  'scene-return': 5,
  'minority-changed': 50,
};

/** What happened too seldom, with both numbers; nothing for few runs. */
export function tooSeldom(coverage: Coverage): string[] {
  const runs = coverage.of('run');
  if (runs < RUNS_MIN) return [];
  const floors: Partial<Record<CoverageEvent, number>> = {};
  for (const [event, times] of Object.entries(PER_HUNDRED_RUNS)) {
    floors[event as CoverageEvent] = Math.max(1, Math.floor((times * runs) / RUNS_MIN));
  }
  return coverage.missing(floors);
}
