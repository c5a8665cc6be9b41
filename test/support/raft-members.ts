import type { MemberId } from '../../src/lib/ids.ts';
import { parseMemberId } from '../../src/lib/ids.ts';
import { must } from '../../src/lib/assert.ts';
import type { Configuration, ConfigurationCommand, Member } from '../../src/raft/configuration.ts';
import { type Command, createEntry, type Entry, type Term } from '../../src/raft/entry.ts';
import type { RaftConfig } from '../../src/raft/state.ts';

/** The id of the member that tests call n1, n2 and so on. */
export function idOf(number: number): MemberId {
  return must(parseMemberId(String(number)), `an id of ${number}`);
}

/** `n1` and so on: what tests call the member with this id. */
export function nameOf(id: MemberId): string {
  return `n${id}`;
}

/** A member that counts in quorums; on record as active, so that leaders need not note it. */
export function voter(number: number, extra: Partial<Member> = {}): Member {
  return {
    id: idOf(number),
    name: `n${number}`,
    peerUrls: [`http://n${number}`],
    clientUrls: [`http://n${number}`],
    learner: false,
    autoPromote: false,
    active: true,
    ...extra,
  };
}

export function learner(number: number, extra: Partial<Member> = {}): Member {
  return voter(number, { learner: true, ...extra });
}

export function configurationOf(
  members: readonly Member[],
  removed: readonly MemberId[] = [],
): Configuration {
  return { members, removed, clusterVersion: 1 };
}

/** A configuration of voters n1 to n<size>. */
export function votersUpTo(size: number): Configuration {
  return configurationOf(Array.from({ length: size }, (_, i) => voter(i + 1)));
}

/** The command every log begins with. */
export function foundingCommand(configuration: Configuration): ConfigurationCommand {
  const change = { type: 'found' } as const;
  return { v: 1, kind: 'configuration', requestId: null, at: 0, by: null, change, configuration };
}

/** A command that is opaque to the core. */
export function put(text: string): Command {
  const command = { v: 1, kind: 'put', requestId: null, at: 0, by: null, text };
  return command;
}

export const NOOP: Command = { v: 1, kind: 'noop', requestId: null, at: 0, by: null };

/** A log with these terms, the first entry founding the cluster. */
export function logOf(configuration: Configuration, terms: readonly Term[]): Entry[] {
  return terms.map((term, i) => {
    const command = i === 0 ? foundingCommand(configuration) : put(`${i + 1}@${term}`);
    return createEntry(i + 1, term, command);
  });
}

/** Small numbers, so that a scenario is a few ticks long. */
export function raftConfig(number: number, extra: Partial<RaftConfig> = {}): RaftConfig {
  return {
    id: idOf(number),
    heartbeatTicks: 3,
    electionTicks: 10,
    appendBytes: 10_000,
    window: 4,
    promoteTicks: 20,
    promoteLag: 2,
    ...extra,
  };
}
