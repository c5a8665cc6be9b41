/**
 * MEMBERSHIPS: every node goes by the newest configuration of its own log (thesis §4.1), two that
 * could both elect somebody have majorities that meet, whoever was removed is not heard, no id is
 * used twice, and a change does what it says.
 */
import type { MemberId } from '../../lib/ids.ts';
import { type Configuration, isConfigurationCommand, memberOf } from '../../raft/configuration.ts';
import type { Entry, LogIndex } from '../../raft/entry.ts';
import type { WireMessage } from '../../wire/raft-codec.ts';
import { check } from '../failure.ts';
import type { SimNode } from '../sim-node.ts';
import { madeOf } from './changes.ts';
import { type Elector, mayPart, usableVoters } from './electorate.ts';
import type { Oracle } from './oracle.ts';
import { isSame } from './same.ts';
import type { View } from './view.ts';

export class Memberships {
  readonly #oracle: Oracle;
  readonly #nodes: ReadonlyMap<MemberId, SimNode>;

  constructor(oracle: Oracle, nodes: ReadonlyMap<MemberId, SimNode>) {
    this.#oracle = oracle;
    this.#nodes = nodes;
  }

  /** An entry is committed for the first time. */
  committed({ index, command }: Entry): void {
    if (!isConfigurationCommand(command)) return;
    const { configuration, change } = command;
    const before = this.#oracle.configurationAt(index - 1);
    const due = madeOf(before, change);
    check(due === null || isSame(due, configuration), 'changes do what they say', () => {
      return `entry ${index}, ${JSON.stringify(change)}: ${JSON.stringify(configuration)}`;
    });
    const { removed } = configuration;
    const isOnce =
      before.removed.every((id) => removed.includes(id)) &&
      before.members.every(({ id }) => removed.includes(id) || isMember(configuration, id)) &&
      removed.every((id) => !isMember(configuration, id));
    check(isOnce, 'ids are used once', () => {
      const [was, is] = [JSON.stringify(before), JSON.stringify(configuration)];
      return `entry ${index} makes of ${was} ${is}`;
    });
  }

  /** After each step of a node. */
  observe(view: View): void {
    const { log, history } = view.raft.state;
    const isSame =
      history.latest === view.latest &&
      log.baseIndex === view.base &&
      log.lastIndex >= view.before.lastIndex &&
      !view.isRewritten;
    if (isSame) return;
    view.latest = history.latest;
    view.base = log.baseIndex;
    view.isRewritten = false;
    this.#isOfTheLog(view);
    this.#hasCaughtUp(view);
    this.overlap();
  }

  /** Any two memberships by which somebody could be elected now have majorities that meet. */
  overlap(): void {
    const electors = [...this.#nodes.values()].filter((node) => !node.isGone).map(electorOf);
    const usable = usableVoters(electors);
    for (const [at, a] of usable.entries()) {
      for (const b of usable.slice(at + 1)) {
        check(!mayPart(a, b), 'memberships in use overlap', () => {
          return `somebody could be elected by a majority of ${a.join()} and of ${b.join()}`;
        });
      }
    }
  }

  /** A node is about to hear a message. Of whom it knows to be removed, none changes anything. */
  received(view: View, { from }: WireMessage): void {
    const { commitIndex } = view.raft.state;
    const { removed } = this.#oracle.configurationAt(commitIndex);
    view.deafTo = removed.includes(from) ? { from, state: stateOf(view) } : null;
  }

  /** The step is over. */
  heard(view: View): void {
    const { deafTo, node } = view;
    view.deafTo = null;
    if (deafTo === null) return;
    const state = stateOf(view);
    check(state === deafTo.state, 'the removed are not heard', () => {
      return `${node.name} hears ${deafTo.from}, which was removed: ${deafTo.state}, then ${state}`;
    });
  }

  sent(view: View, message: WireMessage): void {
    const campaigns = message.type === 'vote' || (message.type === 'pre-vote' && !message.survey);
    if (!campaigns || message.term < view.raft.state.term) return;
    const { id, name } = view.node;
    const isVoter = this.#inForce(view).some((one) => memberOf(one, id)?.learner === false);
    check(isVoter, 'only voters campaign', () => `${name} campaigns in term ${message.term}`);
  }

  /** The newest configuration that is committed as far as the node knows, and those behind it. */
  #inForce({ raft }: View): Configuration[] {
    const { log, commitIndex } = raft.state;
    const found = [this.#oracle.configurationAt(commitIndex)];
    for (let index = commitIndex + 1; index <= log.lastIndex; index += 1) {
      const { command } = log.entry(index);
      if (isConfigurationCommand(command)) found.push(command.configuration);
    }
    return found;
  }

  /** A leader makes a voter only of who has a log, and nearly all of its own. */
  #hasCaughtUp({ raft, before }: View): void {
    const { role, log, history, config } = raft.state;
    const index = history.latestIndex;
    if (role.name !== 'leader' || index <= before.lastIndex) return;
    const { command } = log.entry(index);
    if (!isConfigurationCommand(command) || command.change.type !== 'promote') return;
    const learner = this.#nodes.get(command.change.id);
    if (learner === undefined) return;
    const held = Math.max(learner.durable.lastIndex, learner.heldBeforeDamage);
    const due = Math.max(1, index - 1 - config.promoteLag);
    check(held >= due, 'voters have caught up', () => {
      return `${learner.name} is promoted at ${index} with a log to ${held}`;
    });
  }

  #isOfTheLog({ node, raft }: View): void {
    const { log, history } = raft.state;
    let index: LogIndex = log.lastIndex;
    let due: Configuration | null = null;
    for (; index > log.baseIndex && due === null; index -= 1) {
      const { command } = log.entry(index);
      if (isConfigurationCommand(command)) due = command.configuration;
    }
    due ??= this.#oracle.configurationAt(log.baseIndex);
    check(isSame(history.latest, due), 'the membership is that of the log', () => {
      const [is, ought] = [JSON.stringify(history.latest), JSON.stringify(due)];
      return `${node.name} goes by ${is}; its log to ${log.lastIndex} has ${ought}`;
    });
  }
}

function isMember(configuration: Configuration, id: MemberId): boolean {
  return memberOf(configuration, id) !== undefined;
}

/** What a message could change. */
function stateOf({ raft }: View): string {
  const { term, vote, commitIndex, role, log, electionElapsed } = raft.state;
  const reads = role.name === 'leader' ? role.reads.waiting.length : 0;
  return JSON.stringify([term, vote, role.name, commitIndex, log.end, electionElapsed, reads]);
}

/** Who is down votes, once it is up again, by what is on its disk; who is gone votes no more. */
function electorOf({ id, node, durable }: SimNode): Elector {
  const state = node?.raft.state;
  if (state === undefined) return { id, end: durable.end, isRecovering: false, voters: null };
  const isRecovering = state.recovery !== null;
  return { id, end: state.log.end, isRecovering, voters: state.voters };
}
