import type { MemberId } from '../lib/ids.ts';
import type { Command } from './entry.ts';

/** A member of the cluster. A learner receives the log and counts in no quorum (thesis §4.2.1). */
export interface Member {
  readonly id: MemberId;
  readonly name: string;
  /** Where peers reach it; by default the one advertised URL. */
  readonly peerUrls: readonly string[];
  /** Where clients reach it; by default the one advertised URL. */
  readonly clientUrls: readonly string[];
  readonly learner: boolean;
  /** The leader promotes this learner by itself once it has caught up. */
  readonly autoPromote: boolean;
  /**
   * The member has answered a leader once, so it has a log and may have voted: a directory without
   * a log that claims this id has been wiped, and must not take part again.
   */
  readonly active: boolean;
}

/**
 * The membership, whole, as of one entry: the newest one in the log or the snapshot counts, from
 * the moment it is appended (thesis §4.1).
 */
export interface Configuration {
  readonly members: readonly Member[];
  /** Ids that were members once. They are refused for ever. */
  readonly removed: readonly MemberId[];
  /** The newest command format that every member understands; gates new commands. */
  readonly clusterVersion: number;
}

/** Why the configuration became what it is; at most one member differs from the one before. */
export type ConfigurationChange =
  | { readonly type: 'found' }
  | { readonly type: 'add-learner'; readonly member: Member }
  | { readonly type: 'activate'; readonly ids: readonly MemberId[] }
  | { readonly type: 'promote'; readonly id: MemberId }
  | { readonly type: 'remove'; readonly id: MemberId }
  | {
      readonly type: 'update';
      readonly id: MemberId;
      readonly peerUrls: readonly string[];
      readonly clientUrls: readonly string[];
    };

/** The entry that changes the membership. It carries the result, so that rollback is a look-up. */
export interface ConfigurationCommand extends Command {
  readonly kind: 'configuration';
  readonly change: ConfigurationChange;
  readonly configuration: Configuration;
}

export const EMPTY_CONFIGURATION: Configuration = { members: [], removed: [], clusterVersion: 1 };

/** Narrows a command the core must read. */
export function isConfigurationCommand(command: Command): command is ConfigurationCommand {
  return command.kind === 'configuration';
}

/** The members that count in quorums, in the order of the configuration. */
export function votersOf(configuration: Configuration): MemberId[] {
  return configuration.members.filter((member) => !member.learner).map((member) => member.id);
}

/** The member with this id, or undefined. */
export function memberOf(configuration: Configuration, id: MemberId): Member | undefined {
  return configuration.members.find((member) => member.id === id);
}
