/** Lives of nodes for tests of checkers: real cores and durable logs, with nothing around them. */
import type { KvCommand } from '../../../src/kv/command.ts';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import type { MemberId } from '../../../src/lib/ids.ts';
import { Prng } from '../../../src/lib/prng.ts';
import type {
  Configuration,
  ConfigurationChange,
  Member,
} from '../../../src/raft/configuration.ts';
import { createEntry, type Entry, type HardState } from '../../../src/raft/entry.ts';
import { Raft } from '../../../src/raft/raft.ts';
import { View } from '../../../src/sim/checkers/view.ts';
import { DurableLog } from '../../../src/sim/durable-log.ts';
import type { SimNode } from '../../../src/sim/sim-node.ts';

export const [A, B, C, D] = ['1', '2', '3', '4'] as [MemberId, MemberId, MemberId, MemberId];

const ROOMY = { appendBytes: 1_000, window: 4, promoteTicks: 100, promoteLag: 10 };

export function member(id: MemberId, learner = false): Member {
  const urls = [`http://n${id}`];
  const roles = { learner, autoPromote: false, active: true };
  return { id, name: `n${id}`, peerUrls: urls, clientUrls: urls, ...roles };
}

export function membership(ids: readonly MemberId[], removed: MemberId[] = []): Configuration {
  return { members: ids.map((id) => member(id)), removed, clusterVersion: 1 };
}

/** An entry that makes these the members. */
export function configured(
  index: number,
  term: number,
  configuration: Configuration,
  change: ConfigurationChange = { type: 'found' },
): Entry {
  const base = { v: 1, kind: 'configuration', requestId: null, at: 0, by: null } as const;
  return createEntry(index, term, { ...base, change, configuration } as never);
}

export function put(index: number, term: number, value = `v${index}`): Entry {
  const command: KvCommand = {
    v: 1,
    kind: 'put',
    requestId: null,
    at: 0,
    by: null,
    key: bytesOfText('k'),
    value: bytesOfText(value),
    condition: null,
    prev: false,
  };
  return createEntry(index, term, command);
}

/** A founding entry for these members, and a put of each of these terms. */
export function logOf(members: readonly MemberId[], ...terms: readonly number[]): Entry[] {
  return [
    configured(1, 1, membership(members)),
    ...terms.map((term, at) => put(at + 2, term, `v${at + 2}-${term}`)),
  ];
}

export function coreOf(
  id: MemberId,
  entries: readonly Entry[],
  state: HardState,
  recovering = false,
): Raft {
  const config = { id, heartbeatTicks: 1, electionTicks: 10, ...ROOMY };
  const restored = { state, snapshot: null, entries, recovering };
  return new Raft(config, new Prng(1), restored);
}

/** A machine whose disk has these entries and this hard state. */
export function machine(id: MemberId, entries: readonly Entry[], state: HardState): SimNode {
  const durable = new DurableLog();
  durable.begin({ type: 'append', batch: { state, entries } });
  durable.completed();
  const node = {
    id,
    name: `n${id}`,
    durable,
    node: null,
    isDamaged: false,
    isVouched: false,
    heldBeforeDamage: 0,
    holds: (index: number, term: number) => durable.holds(index, term),
  };
  return node as unknown as SimNode;
}

/** One life of a node whose log is all on disk. */
export function life(id: MemberId, entries: readonly Entry[], state: HardState): View {
  return new View(machine(id, entries, state), coreOf(id, entries, state), 0);
}

/** The same, but its log may lack something. */
export function recovering(id: MemberId, entries: readonly Entry[], state: HardState): View {
  return new View(machine(id, entries, state), coreOf(id, entries, state, true), 0);
}

/** A life, and it leads: the others have voted for it. The no-op is appended, and not on disk. */
export function leading(id: MemberId, entries: readonly Entry[], state: HardState): View {
  const view = life(id, entries, state);
  const { raft } = view;
  raft.campaign();
  settle(raft);
  for (const from of raft.state.voters) {
    if (from === id || raft.state.role.name === 'leader') continue;
    const { term } = raft.state;
    const end = { lastIndex: 1, lastTerm: 1 };
    raft.step({ type: 'vote-response', from, to: id, term, seq: 1, granted: true, ...end });
  }
  view.update();
  return view;
}

/** Everything that the core wants on disk is there. */
export function settle(raft: Raft): void {
  const { mark } = raft.ready();
  if (mark !== null) raft.persisted(mark);
}
