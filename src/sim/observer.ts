/** Turns what the nodes say of themselves into lines of the trace and counts of the coverage. */
import type { KvResult } from '../kv/command.ts';
import type { NodeEvent } from '../node/api.ts';
import { isConfigurationCommand } from '../raft/configuration.ts';
import type { Entry } from '../raft/entry.ts';
import type { TraceEvent } from '../raft/trace.ts';
import type { View } from './checkers/view.ts';
import type { Coverage, CoverageEvent } from './coverage.ts';
import type { SimNode } from './sim-node.ts';
import type { Trace } from './trace.ts';

/** Why a role changed, and what that is called. */
const ROLE_REASONS: Readonly<Record<string, CoverageEvent>> = {
  'election-undecided': 'split-vote',
  'election-lost': 'split-vote',
  'election-won': 'leader-elected',
  'quorum-silent': 'leader-lost-quorum',
  'disk-stuck': 'leader-disk-stuck',
  'asked-by-leader': 'leadership-transferred',
};

/** Results that are interesting, and what they are called. */
const RESULTS: Readonly<Partial<Record<KvResult['type'], CoverageEvent>>> = {
  compact: 'compaction',
  'lease-granted': 'lease-granted',
  'lease-expired': 'lease-expired',
  'lease-alive': 'lease-expiry-defeated',
  'lease-checkpointed': 'lease-checkpointed',
  'lease-kept': 'lease-renewal-logged',
};

export class Observer {
  readonly #trace: Trace;
  readonly #coverage: Coverage;
  /** Nodes that are writing a snapshot. */
  readonly #saving = new Set<SimNode>();

  constructor(trace: Trace, coverage: Coverage) {
    this.#trace = trace;
    this.#coverage = coverage;
  }

  event(node: SimNode, view: View, { family, event }: NodeEvent): void {
    this.#trace.line(node.name, () => `${family} ${JSON.stringify(event)}`);
    if (family === 'kv') this.#kv(node, event.type);
    else if (family === 'raft') this.#raft(view, event as TraceEvent);
  }

  /** An entry is committed for the first time. */
  committed({ index, term, json, command }: Entry): void {
    if (isConfigurationCommand(command)) {
      this.#coverage.count('configuration-committed');
      if (command.change.type === 'promote') this.#coverage.count('member-promoted');
    }
    this.#trace.line('log', `${index} of term ${term} is committed: ${json}`);
  }

  /** What the command of that entry gave. */
  answered(result: KvResult | undefined): void {
    const event = result === undefined ? undefined : RESULTS[result.type];
    if (event !== undefined) this.#coverage.count(event);
  }

  ended(node: SimNode): void {
    if (this.#saving.delete(node)) this.#coverage.count('crash-while-saving-snapshot');
  }

  #kv(node: SimNode, type: string): void {
    if (type === 'snapshot-begun') this.#saving.add(node);
    if (type !== 'snapshot-saved') return;
    this.#saving.delete(node);
    this.#coverage.count('snapshot-saved');
  }

  #raft(view: View, event: TraceEvent): void {
    const code = 'reason' in event ? event.reason.code : '';
    switch (event.type) {
      case 'role':
        this.#role(event.from, event.to, code);
        break;
      case 'conflict':
        if (code === 'truncated') this.#coverage.count('uncommitted-truncated');
        break;
      case 'configuration':
        if (code === 'rolled-back') this.#coverage.count('configuration-rolled-back');
        break;
      case 'snapshot':
        if (code === 'installed') this.#installed(view, event.index);
        break;
      case 'read':
        if (event.index === null) this.#coverage.count('read-index-refused');
        break;
      case 'recovery':
        this.#coverage.count('recovery-settled');
        break;
      default:
    }
  }

  #role(from: string, to: string, code: string): void {
    const name = ROLE_REASONS[code];
    if (name !== undefined) this.#coverage.count(name);
    if (from === 'leader' && to !== 'leader') this.#coverage.count('leader-stepped-down');
  }

  #installed(view: View, index: number): void {
    this.#coverage.count('snapshot-installed');
    if (view.before.lastIndex > view.before.commitIndex && view.before.lastIndex >= index) {
      this.#coverage.count('snapshot-over-divergent-log');
    }
  }
}
