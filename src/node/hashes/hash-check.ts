import { STATE_HASH_FORM } from '../../kv/replicated-state.ts';
import type { MemberId } from '../../lib/ids.ts';
import type { Logger } from '../../lib/logger.ts';
import { votersOf } from '../../raft/configuration.ts';
import type { LogIndex } from '../../raft/entry.ts';
import type { Raft } from '../../raft/raft.ts';
import type { Fence } from '../../storage/storage.ts';
import type { ForwardAnswer, ForwardRequest, Transport } from '../../transport/transport.ts';
import { ApiError } from '../../wire/errors.ts';
import { ARGUMENT_CHECKS } from '../../wire/raft-schemas.ts';
import type { Clock } from '../clock.ts';
import { atMost } from '../delays.ts';
import type { Driver } from '../loop/driver.ts';
import type { EventBus } from '../telemetry/events.ts';
import type { HashPoints } from './hash-points.ts';
import {
  type Divergence,
  type HashReports,
  type HashVerdict,
  judgeHashes,
} from './hash-verdict.ts';
import type { NodeLimits } from '../options.ts';
import type { Reads } from '../loop/reads.ts';
import type { Waiters } from '../loop/waiters.ts';

export interface HashCheckParts {
  readonly raft: Raft;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Pick<EventBus, 'emit'>;
  readonly driver: Pick<Driver, 'input' | 'flush'>;
  readonly points: HashPoints;
  readonly transport: () => Pick<Transport, 'forward'>;
  /** For the applied index of this node. */
  readonly waiters: Pick<Waiters, 'whenReached'>;
  readonly reads: Pick<Reads, 'barrier'>;
  /** This node's state is wrong: it must stop, and never come back with it. */
  readonly fence: (fence: Fence) => void;
  readonly limits: Pick<NodeLimits, 'hashCheckMs'>;
}

/** How long members may take to answer, ms; most of it they wait to have applied enough. */
const ANSWER_MS = 1500;
const APPLY_MS = 1000;
/** How long a leader may take to confirm that it leads, ms. */
const CONFIRM_MS = 1000;

/** What a leader asks every member: the hash at this index, and all the others it remembers. */
interface Question {
  readonly form: number;
  readonly index: LogIndex;
}

interface Answer {
  readonly form: number;
  readonly points: readonly (readonly [LogIndex, string])[];
}

/** What a leader tells a member that differs. */
interface Sentence extends Omit<Divergence, 'member'> {
  readonly form: number;
}

/**
 * THE COMPARISON OF STATES: nodes that have applied the same entries must have the same state. The
 * leader asks all members now and then for hashes of theirs, and whoever differs from a majority of
 * the voters is told to stop for good: what it answers is wrong, and nothing would ever mend it.
 *
 * Who does not answer, is behind, has just taken a snapshot in, or hashes in another form, is not
 * judged. A member that is told to stop looks again at what it said itself, and obeys the leader it
 * follows alone.
 */
export class HashCheck {
  readonly #parts: HashCheckParts;
  #askAt = 0;
  #leads = false;
  #round: Promise<void> | null = null;
  #mismatches = 0;
  #comparisons = 0;
  #isClosed = false;

  constructor(parts: HashCheckParts) {
    this.#parts = parts;
  }

  /** Members that differed at this leader's last comparison. */
  get mismatches(): number {
    return this.#mismatches;
  }

  /** Comparisons that this node made as a leader, and in which at least two members were seen. */
  get comparisons(): number {
    return this.#comparisons;
  }

  tick(): void {
    const { raft, clock, limits } = this.#parts;
    const intervalMs = limits.hashCheckMs;
    const leads = raft.state.role.name === 'leader';
    const now = clock.now();
    if (leads !== this.#leads) {
      this.#leads = leads;
      this.#mismatches = 0;
      this.#askAt = now + intervalMs;
    }
    if (!leads || intervalMs === 0 || now < this.#askAt || this.#round !== null) return;
    this.#askAt = now + intervalMs;
    this.#round = this.#compare()
      // A node that stops, or leads no more, leaves it to the next leader.
      .catch(() => undefined)
      .finally(() => {
        this.#round = null;
      });
  }

  /** The node stops: it answers no more. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Answers a leader; null when the request is about something else.
   *
   * @throws ApiError `bad-request`
   */
  serve({ operation, from, body }: ForwardRequest): Promise<ForwardAnswer> | null {
    if (this.#isClosed) return null;
    if (operation !== 'state-hash' && operation !== 'fence') return null;
    const check = operation === 'fence' ? ARGUMENT_CHECKS.fence : ARGUMENT_CHECKS.stateHash;
    if (!check.Check(body)) throw new ApiError('bad-request', `${operation}: malformed`);
    if (operation === 'state-hash') return this.#answer(body);
    return Promise.resolve({ ok: true, body: this.#obey(from, body as Sentence) });
  }

  async #answer({ form, index }: Question): Promise<ForwardAnswer> {
    const { points, clock, waiters } = this.#parts;
    const answer = (known: Answer['points']): ForwardAnswer => {
      return { ok: true, body: { form: STATE_HASH_FORM, points: known } satisfies Answer };
    };
    if (form !== STATE_HASH_FORM) return answer([]);
    points.want(index);
    await atMost(clock, APPLY_MS, waiters.whenReached(index));
    return answer(points.list());
  }

  /** Whether this node stops. */
  #obey(from: MemberId, { form, index, hash, majorityHash }: Sentence): boolean {
    const { raft, points } = this.#parts;
    const isLeader = from === raft.state.leader;
    const isOwn = form === STATE_HASH_FORM && points.at(index) === hash;
    if (!isLeader || !isOwn || hash === majorityHash) return false;
    this.#parts.fence({ memberId: raft.state.id, index, hash, majorityHash });
    return true;
  }

  async #compare(): Promise<void> {
    const { raft, points } = this.#parts;
    const { term } = raft.state;
    const voters = votersOf(raft.state.history.latest);
    const members = raft.state.history.latest.members.map(({ id }) => id);
    if (members.length < 2) return;
    const index = points.takeNow();
    const answers = await Promise.all(
      members.map(async (id) => [id, await this.#ask(id, index)] as const),
    );
    if (raft.state.role.name !== 'leader' || raft.state.term !== term) return;
    const reports: HashReports = new Map(answers);
    const verdict = judgeHashes(voters, reports);
    this.#tell(verdict, index);
    if (verdict.divergent.length > 0) await this.#execute(verdict);
  }

  /** Nothing at all when nothing is known. */
  async #ask(to: MemberId, index: LogIndex): Promise<ReadonlyMap<LogIndex, string>> {
    const { raft, points } = this.#parts;
    if (to === raft.state.id) return new Map(points.list());
    const question: Question = { form: STATE_HASH_FORM, index };
    const answer = await this.#request(to, 'state-hash', question);
    return pointsOf(answer);
  }

  /** The body of the answer; null when there is none. */
  async #request(to: MemberId, operation: string, body: unknown): Promise<unknown> {
    const { raft, transport } = this.#parts;
    const request = { from: raft.state.id, to, operation, requestId: '', body };
    return await transport()
      .forward(to, request, ANSWER_MS)
      .then(
        (answer) => (answer.ok ? answer.body : null),
        () => null,
      );
  }

  #tell({ equal, divergent, undecided }: HashVerdict, index: LogIndex): void {
    const { logger, events } = this.#parts;
    this.#mismatches = divergent.length + (undecided === null ? 0 : undecided.hashes.size);
    if (equal.length + this.#mismatches > 1) this.#comparisons += 1;
    events.emit('node', { type: 'states-compared', index, equal: equal.length });
    for (const one of divergent) {
      logger.log('error', 'node', 'the state of a member differs from that of a majority', one);
    }
    if (undecided === null) return;
    const hashes = Object.fromEntries(undecided.hashes);
    const message = 'the states of members differ, and no majority says which one is right';
    logger.log('error', 'node', message, { index: undecided.index, hashes });
  }

  /** The word to the heir leaves at once, for this node has no time to wait for it. */
  #handOver(to: MemberId): void {
    const { driver } = this.#parts;
    driver.input((core) => core.transferLeadership(to));
    driver.flush();
  }

  /** Whoever differs is told so; the leader hands over and goes last. */
  async #execute({ equal, divergent }: HashVerdict): Promise<void> {
    const { raft, clock, reads, fence } = this.#parts;
    await reads.barrier({ deadline: clock.now() + CONFIRM_MS, signal: null });
    const { id } = raft.state;
    const others = divergent.filter(({ member }) => member !== id);
    await Promise.all(
      others.map(({ member, ...one }) => {
        const sentence: Sentence = { form: STATE_HASH_FORM, ...one };
        return this.#request(member, 'fence', sentence);
      }),
    );
    const own = divergent.find(({ member }) => member === id);
    if (own === undefined) return;
    const voters = votersOf(raft.state.history.latest);
    const heir = equal.find((member) => voters.includes(member));
    if (heir !== undefined) this.#handOver(heir);
    const { index, hash, majorityHash } = own;
    fence({ memberId: id, index, hash, majorityHash });
  }
}

/** What a member of whatever version answered; nothing when it is not understood. */
function pointsOf(answer: unknown): ReadonlyMap<LogIndex, string> {
  const { form, points } = (answer ?? {}) as Partial<Answer>;
  return form === STATE_HASH_FORM && Array.isArray(points) ? new Map(points) : new Map();
}
