/** Turns what the nodes say of themselves into lines of the trace and counts of the coverage. */
import type { KvResult, LeaseId } from '../kv/command.ts';
import type { NodeEvent } from '../node/api.ts';
import { isConfigurationCommand } from '../raft/configuration.ts';
import type { Entry, LogIndex, Term } from '../raft/entry.ts';
import type { TraceEvent } from '../raft/trace.ts';
import type { WireMessage } from '../wire/raft-codec.ts';
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
  /** How many leaders each lease has had. */
  #leadersOf = new Map<LeaseId, number>();
  /** The newest membership in each node's log. */
  readonly #configurationOf = new Map<SimNode, LogIndex>();
  /** The term in which a request came first, by the request's name. */
  readonly #termOf = new Map<string, Term>();

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
    this.#repeated(command.requestId, term);
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

  /** Another leader has committed something; these leases were alive. */
  termBegan(leases: Iterable<LeaseId>): void {
    const before = this.#leadersOf;
    this.#leadersOf = new Map();
    for (const id of leases) {
      const count = (before.get(id) ?? 0) + 1;
      this.#leadersOf.set(id, count);
      if (count === 3) this.#coverage.count('lease-under-three-leaders');
    }
  }

  received(node: SimNode, { type, term }: WireMessage): void {
    const isOld = type === 'append' && term < (node.node?.term() ?? 0);
    if (isOld) this.#coverage.count('append-of-old-leader');
  }

  ended(node: SimNode): void {
    this.#configurationOf.delete(node);
    if (this.#saving.delete(node)) this.#coverage.count('crash-while-saving-snapshot');
  }

  /** The same request again, from a leader that did not see it the first time. */
  #repeated(requestId: string | null, term: Term): void {
    if (requestId === null) return;
    const first = this.#termOf.get(requestId);
    if (first === undefined) this.#termOf.set(requestId, term);
    else if (first !== term) this.#coverage.count('repeated-request-in-later-term');
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
        this.#configured(view, code);
        break;
      case 'snapshot':
        if (code === 'installed') this.#installed(view, event.index);
        break;
      case 'read':
        if (event.index === null) this.#coverage.count('read-index-refused');
        if (event.index === null && isBeforeNoop(view)) this.#coverage.count('read-before-noop');
        break;
      case 'recovery':
        this.#coverage.count('recovery-settled');
        if (code === 'newest-of-all') this.#coverage.count('recovery-settled-by-reports');
        if (code === 'leader-confirmed') this.#coverage.count('recovery-settled-by-leader');
        break;
      default:
    }
  }

  #configured({ node, before, raft }: View, code: string): void {
    const known = this.#configurationOf.get(node) ?? 0;
    this.#configurationOf.set(node, raft.state.history.latestIndex);
    if (code === 'rolled-back') this.#coverage.count('configuration-rolled-back');
    if (code === 'snapshot-installed' && known > before.commitIndex) {
      this.#coverage.count('configuration-rolled-back-by-snapshot');
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

/** A leader, or one until this event, that had not committed anything in its term. */
function isBeforeNoop({ before, raft }: View): boolean {
  return before.role === 'leader' && raft.state.log.term(before.commitIndex) !== before.term;
}
