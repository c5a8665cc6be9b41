import { AutoCompaction, COMPACTION_LIMITS, ROOM } from '../../kv/auto-compaction.ts';
import type { KvCommand, KvResult } from '../../kv/command.ts';
import type { StateMachine } from '../../kv/state-machine.ts';
import type { Raft } from '../../raft/raft.ts';
import type { Clock } from '../clock.ts';
import type { ClusterTime } from '../cluster-time.ts';
import type { Driver } from '../loop/driver.ts';
import type { NodeLimits } from '../options.ts';
import type { Proposals } from '../loop/proposals.ts';

export interface HistoryKeeperParts {
  readonly machine: StateMachine;
  readonly raft: Raft;
  readonly driver: Pick<Driver, 'input'>;
  readonly proposals: Pick<Proposals<KvResult | null>, 'add' | 'growth'>;
  readonly clock: Clock;
  readonly time: Pick<ClusterTime, 'now'>;
  readonly limits: HistoryLimits;
}

type HistoryLimits = Pick<
  NodeLimits,
  | 'autoCompaction'
  | 'historyBytes'
  | 'historyRevisions'
  | 'historyAgeMs'
  | 'historyAskMs'
  | 'quotaBytes'
>;

/** What giving forgotten history back may take of one tick, ms, and versions between two looks. */
const COLLECT_MS = 4;
const COLLECT_AT_ONCE = 100;
/** How often it is asked while there is too much of it, ms. */
const ASK_FULL_EVERY_MS = 250;
/** After this a compaction that was proposed may be proposed again, ms. */
const PATIENCE_MS = 5000;
/** So near to the quota history is forgotten beforehand: a fraction of it, and bytes at most. */
const SLACK_FRACTION = 16;
const SLACK_MAX_BYTES = 64 * 2 ** 20;
/** Less than this part of the slack is not worth an entry. */
const WORTH_FRACTION = 4;

/**
 * HISTORY is bounded by itself: the leader proposes what may be forgotten, as an entry like any
 * other, and every node gives the room back in small pieces whose pace nobody can observe.
 */
export class HistoryKeeper {
  readonly #parts: HistoryKeeperParts;
  readonly #policy: AutoCompaction;
  #askAt = 0;
  #askFullAt = 0;
  #led = false;
  /** The compaction that is on its way; it never rejects. */
  #underWay: Promise<void> | null = null;

  constructor(parts: HistoryKeeperParts) {
    const { historyRevisions, historyAgeMs, historyBytes } = parts.limits;
    this.#parts = parts;
    this.#policy = new AutoCompaction({
      ...COMPACTION_LIMITS,
      keepRevisions: historyRevisions,
      keepMs: historyAgeMs,
      bytes: historyBytes,
    });
  }

  tick(): void {
    const { raft, limits } = this.#parts;
    this.#collect();
    const leads = raft.state.role.name === 'leader';
    if (leads !== this.#led) {
      this.#led = leads;
      this.#underWay = null;
      this.#policy.reset();
    }
    if (!leads || !limits.autoCompaction || this.#underWay !== null) return;
    const revision = this.#dueByPolicy() ?? this.#dueByQuota();
    if (revision !== null) void this.#begin(revision);
  }

  /**
   * Forgets history until at most so many bytes of it are left, or as few as can be. Resolves when
   * that is done, or cannot be done now.
   */
  async forget(bytes: number): Promise<void> {
    const { machine } = this.#parts;
    if (this.#underWay !== null) await this.#underWay;
    if (machine.view.historyBytes <= bytes) return;
    const revision = machine.view.revisionLeaving(bytes * ROOM);
    if (revision <= machine.view.compactRevision) return;
    await (this.#underWay ?? this.#begin(revision));
  }

  /** By number and age every few seconds; by bytes soon. */
  #dueByPolicy(): number | null {
    const { machine, clock, limits } = this.#parts;
    const now = clock.now();
    const isFull = machine.view.historyBytes > limits.historyBytes;
    if (now < (isFull ? this.#askFullAt : this.#askAt)) return null;
    this.#askAt = now + limits.historyAskMs;
    this.#askFullAt = now + Math.min(ASK_FULL_EVERY_MS, limits.historyAskMs);
    return this.#policy.propose(now, machine.view);
  }

  /** Before the quota is reached, so that writes need not wait for it. */
  #dueByQuota(): number | null {
    const { machine, limits, proposals } = this.#parts;
    const { quotaBytes } = limits;
    if (quotaBytes === 0) return null;
    const { sizeBytes, historyBytes, compactRevision } = machine.view;
    const slack = Math.min(quotaBytes / SLACK_FRACTION, SLACK_MAX_BYTES);
    if (sizeBytes + proposals.growth + slack <= quotaBytes) return null;
    const present = sizeBytes - historyBytes + proposals.growth;
    const room = Math.max(0, quotaBytes - 2 * slack - present);
    if (historyBytes - room < slack / WORTH_FRACTION) return null;
    const revision = machine.view.revisionLeaving(room);
    return revision > compactRevision ? revision : null;
  }

  #collect(): void {
    const { machine, clock } = this.#parts;
    const end = clock.now() + COLLECT_MS;
    while (machine.collect(COLLECT_AT_ONCE) && clock.now() < end);
  }

  #begin(revision: number): Promise<void> {
    const run = this.#propose(revision).finally(() => {
      if (this.#underWay === run) this.#underWay = null;
    });
    this.#underWay = run;
    return run;
  }

  /** A refusal does not matter: it is asked again. */
  async #propose(revision: number): Promise<void> {
    const { driver, clock, time, proposals } = this.#parts;
    const at = time.now();
    const command = { v: 1, kind: 'compact', requestId: null, at, by: null, revision } as const;
    const proposed = driver.input((raft) => raft.propose(command satisfies KvCommand));
    const deadline = clock.now() + PATIENCE_MS;
    if (proposed?.ok === true) await proposals.add(proposed.entry, deadline).catch(() => null);
  }
}
