import { unreachable } from '../../src/lib/assert.ts';
import type { MemberId } from '../../src/lib/ids.ts';
import { votersOf } from '../../src/raft/configuration.ts';
import type { Message } from '../../src/raft/message.ts';
import type { Reason, TraceEvent } from '../../src/raft/trace.ts';
import type { ClusterEvent } from './raft-cluster.ts';
import { nameOf } from './raft-members.ts';
import type { RaftNode } from './raft-node.ts';

/**
 * THE NOTATION of scenario files: `n1@2 -> n3 append prev=4@1 [5@2 noop] commit=4` is an append of
 * n1 in term 2; `-x` for one that was lost. What a node decides is indented below what caused it.
 */

/** One line for an event, or null for one that is not shown. */
export function showEvent(event: ClusterEvent): string | null {
  switch (event.type) {
    case 'sent':
      return null;
    case 'delivered':
      return showMessage(event.message, '->');
    case 'lost':
      return showMessage(event.message, '-x');
    case 'trace':
      return `  ${nameOf(event.id)}@${event.event.term} ${showTrace(event.event)}`;
    case 'read':
      return `  ${nameOf(event.id)} answers read ${event.state.context}: ${event.state.index}`;
  }
}

export function showMessage(message: Message, arrow: string): string {
  const { from, to, term } = message;
  return `${nameOf(from)}@${term} ${arrow} ${nameOf(to)} ${showBody(message)}`;
}

/** One line for the state of a node. */
export function showStatus(node: RaftNode): string {
  const { term, role, commitIndex, log, vote, voters, recovery } = node.state;
  const name = nameOf(node.id);
  if (!node.isUp) return `${name} is down`;
  const last = `${log.lastIndex}@${log.lastTerm}`;
  const details = [
    `${name}@${term} ${role.name}`,
    role.name === 'follower' && role.leader !== null ? `of ${nameOf(role.leader)}` : '',
    recovery === null ? '' : 'recovering',
    `vote=${vote === null ? 'none' : nameOf(vote)}`,
    `last=${last} commit=${commitIndex} applied=${node.appliedIndex}`,
    log.durableIndex === log.lastIndex ? '' : `durable=${log.durableIndex}`,
    log.baseIndex === 0 ? '' : `base=${log.baseIndex}`,
    `voters=${names(voters)}`,
  ];
  return details.filter((detail) => detail !== '').join(' ');
}

/** One line for each follower of a leader. */
export function showProgress(node: RaftNode): string[] {
  const { role } = node.state;
  if (role.name !== 'leader') return [];
  return [...role.progress].map(([id, progress]) => {
    const { state, matchIndex, nextIndex } = progress;
    return `  ${nameOf(id)} ${state} match=${matchIndex} next=${nextIndex}`;
  });
}

/** `1@1 2@1 3@2`: the log from its base on. */
export function showLog(node: RaftNode): string {
  const { log } = node.state;
  const entries = log.slice(log.firstIndex, log.lastIndex);
  const shown = entries.map(({ index, term }) => `${index}@${term}`);
  if (log.baseIndex > 0) shown.unshift(`(${log.baseIndex}@${log.term(log.baseIndex)})`);
  return `${nameOf(node.id)}: ${shown.join(' ')}`;
}

/** What a message says, without its envelope. */
export function showBody(message: Message): string {
  switch (message.type) {
    case 'pre-vote':
      return `pre-vote last=${end(message)}${flag('survey', message.survey)}`;
    case 'vote':
      return `vote last=${end(message)}${flag('transfer', message.transfer)}`;
    case 'pre-vote-response':
    case 'vote-response':
      return `${message.type} ${message.granted ? 'granted' : 'refused'} last=${end(message)}`;
    case 'append': {
      const { prevIndex, prevTerm, commitIndex, round, recovery } = message;
      const entries = message.entries.map((e) => `${e.index}@${e.term} ${e.command.kind}`);
      const head = `append prev=${prevIndex}@${prevTerm} [${entries.join(', ')}]`;
      return `${head} commit=${commitIndex}${number('round', round)}${flag('noted', recovery)}`;
    }
    case 'append-response': {
      const { ok, index, conflictTerm, round, recovery } = message;
      const head = ok ? `accepted ${index}` : `refused hint=${index}@${conflictTerm}`;
      return `${head}${number('round', round)}${flag('recovering', recovery)}`;
    }
    case 'snapshot': {
      const { snapshotIndex, snapshotTerm, configuration } = message;
      const voters = names(votersOf(configuration));
      return `snapshot ${snapshotIndex}@${snapshotTerm} voters=${voters}`;
    }
    case 'timeout-now':
    case 'timeout-now-response':
      return message.type;
    case 'read-index':
      return `read-index ${message.context}`;
    case 'read-index-response':
      return `read-index-response ${message.context}: ${message.index}`;
    default:
      return unreachable(message);
  }
}

function showTrace(event: TraceEvent): string {
  switch (event.type) {
    case 'role': {
      const follows = event.to === 'follower' && event.leader !== null;
      const to = follows ? `${event.to} of n${event.leader}` : event.to;
      return `${event.from} becomes ${to} ${why(event.reason)}`;
    }
    case 'vote': {
      const what = event.preVote ? 'pre-vote' : 'vote';
      const verb = event.granted ? 'grants' : 'refuses';
      const reason = event.granted ? '' : ` ${why(event.reason)}`;
      return `${verb} ${nameOf(event.candidate)} its ${what}${reason}`;
    }
    case 'append':
      return `appends ${event.firstIndex}..${event.lastIndex} ${why(event.reason)}`;
    case 'conflict':
      return `conflicts with ${nameOf(event.peer)} at ${event.index} ${why(event.reason)}`;
    case 'commit':
      return `commits ${event.from + 1}..${event.to}`;
    case 'configuration': {
      const change = event.change === null ? '' : ` ${event.change.type}`;
      return `configuration at ${event.index}${change} ${why(event.reason)}`;
    }
    case 'read':
      return `read ${event.context}: ${event.index} ${why(event.reason)}`;
    case 'transfer':
      return `transfer to ${nameOf(event.to)} ${why(event.reason)}`;
    case 'snapshot': {
      const peer = event.peer === null ? '' : ` with ${nameOf(event.peer)}`;
      return `snapshot ${event.index}${peer} ${why(event.reason)}`;
    }
    case 'recovery':
      return `recovered ${why(event.reason)}`;
  }
}

const MEMBER_DETAILS = new Set(['leader', 'from', 'vote']);

/** The code and the numbers; the name of a recovery is drawn by chance and says nothing. */
function why(reason: Reason): string {
  const details = Object.entries(reason)
    .filter(([key]) => key !== 'code' && key !== 'recovery')
    .map(([key, value]) => `${key}=${MEMBER_DETAILS.has(key) ? `n${value}` : value}`);
  return `(${[reason.code, ...details].join(' ')})`;
}

function end(message: { readonly lastIndex: number; readonly lastTerm: number }): string {
  return `${message.lastIndex}@${message.lastTerm}`;
}

function names(ids: readonly MemberId[]): string {
  return ids.length === 0 ? 'none' : ids.map(nameOf).join(',');
}

function flag(name: string, value: boolean | number): string {
  return value === false || value === 0 ? '' : ` ${name}`;
}

function number(name: string, value: number): string {
  return value === 0 ? '' : ` ${name}=${value}`;
}
