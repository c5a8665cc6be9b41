/**
 * COVERAGE: how often the interesting things happened. A run of the simulator proves something only
 * about what it did, so a set of runs that did not do enough fails.
 */

/** Everything that is counted. */
export const EVENTS = [
  'run',
  'simulated-second',
  'operation',
  'operation-acknowledged',
  'operation-unknown',
  'operation-refused',
  'operation-retried',
  'retry-answered-once',
  'repeated-request',
  'repeated-request-in-later-term',
  'operation-doubled',
  'client-disconnected',
  'read-linearizable',
  'old-leader-asked',
  'read-serializable',
  'read-index-refused',
  'read-before-noop',
  'range-read',
  'history-read',
  'read-of-compacted',
  'read-of-future',
  'txn-succeeded',
  'txn-failed',
  'compaction',
  'lease-granted',
  'lease-expired',
  'lease-expiry-defeated',
  'lease-checkpointed',
  'lease-under-three-leaders',
  'lease-renewed',
  'lease-asked',
  'old-leader-asked-for-lease',
  'lease-renewal-logged',
  'lock-held',
  'lock-used',
  'lock-refused',
  'lock-wait-failed',
  'watch-opened',
  'watch-resumed',
  'watch-event',
  'watch-replayed',
  'watch-progress',
  'watch-compacted',
  'watch-resumed-after-compaction',
  'snapshot-under-watch',
  'condition-failed',
  'leader-elected',
  'split-vote',
  'leader-stepped-down',
  'leader-lost-quorum',
  'leader-disk-stuck',
  'leadership-transferred',
  'uncommitted-truncated',
  'append-of-old-leader',
  'configuration-committed',
  'configuration-rolled-back',
  'configuration-rolled-back-by-snapshot',
  'member-joined',
  'member-promoted',
  'member-removed',
  'leader-removed',
  'member-replaced',
  'member-moved',
  'removed-came-back',
  'changes-raced',
  'snapshot-saved',
  'snapshot-installed',
  'snapshot-over-divergent-log',
  'crash',
  'crash-of-all',
  'crash-while-starting',
  'crash-at-operation',
  'crash-while-saving-snapshot',
  'crash-while-starting-again',
  'crash-at-send',
  'crash-loop',
  'crash-of-snapshot-sender',
  'crash-of-snapshot-receiver',
  'snapshot-piece',
  'snapshot-piece-repeated',
  'snapshot-transfer-restarted',
  'snapshot-overtaken',
  'snapshot-not-needed',
  'restart',
  'restart-with-write-under-way',
  'torn-tail',
  'recovering-start',
  'recovery-settled',
  'recovery-settled-by-leader',
  'recovery-settled-by-reports',
  'recovering-all',
  'operator-vouched',
  'fault',
  'pause',
  'pause-of-several',
  'clock-frozen',
  'partition',
  'partition-one-way',
  'partition-alone',
  'partition-halves',
  'partition-groups',
  'partition-ring',
  'partition-bridge',
  'link-flapped',
  'other-version',
  'link-clogged',
  'message-lost',
  'message-very-late',
  'message-doubled',
  'old-message-replayed',
  'disk-slow',
  'disk-stuck',
  'disk-stuck-long',
  'disk-error',
  'disk-error-planned',
  'disk-error-come',
  'disk-error-while-starting',
  'disk-error-in-snapshot',
  'disk-error-of-name',
  'disk-error-of-directory-sync',
  'disk-error-of-read',
  'disk-pages-dropped',
  'disk-full',
  'damaged',
  'bit-flipped',
  'bits-flipped',
  'sector-garbage',
  'sector-zeroed',
  'write-misdirected',
  'write-lost',
  'file-swapped',
  'file-truncated',
  'file-lost',
  'read-wrong',
  'damage-under-process',
  'wiped',
  'wiped-refused',
  'wiped-unknown',
  'damage-refused',
  'damaged-replaced',
  'clock-rate-changed',
  'wall-clock-jumped',
  'wall-clock-strobed',
  'healed-core',
  'state-corrupted',
  'scene-lock-handed-on',
  'scene-lease-of-many-terms',
  'scene-useless-leader',
  'scene-deposed-leader',
  'scene-return',
  'scene-recovery',
  'scene-tail',
  'minority-changed',
] as const;

export type CoverageEvent = (typeof EVENTS)[number];

export class Coverage {
  readonly #counts = new Map<CoverageEvent, number>();

  count(event: CoverageEvent, times = 1): void {
    this.#counts.set(event, this.of(event) + times);
  }

  of(event: CoverageEvent): number {
    return this.#counts.get(event) ?? 0;
  }

  add(other: Coverage): void {
    for (const event of EVENTS) this.count(event, other.of(event));
  }

  /** What happened, by name; what did not is 0. */
  toJSON(): Record<string, number> {
    return Object.fromEntries(EVENTS.map((event) => [event, this.of(event)]));
  }

  static from(counts: Readonly<Record<string, unknown>>): Coverage {
    const coverage = new Coverage();
    for (const event of EVENTS) {
      const times = counts[event];
      if (typeof times === 'number') coverage.count(event, times);
    }
    return coverage;
  }

  /** The events that happened less often than they should have, with both numbers. */
  missing(floors: Readonly<Partial<Record<CoverageEvent, number>>>): string[] {
    const missing: string[] = [];
    for (const event of EVENTS) {
      const floor = floors[event] ?? 0;
      if (this.of(event) < floor) missing.push(`${event}: ${this.of(event)} of ${floor}`);
    }
    return missing;
  }
}
