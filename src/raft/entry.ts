import type { MemberId } from '../lib/ids.ts';

/** A leader's reign (paper §5.1). Grows only; 0 before the first. */
export type Term = number;
/** A position in the log; the first entry has index 1. */
export type LogIndex = number;

/**
 * What an entry says. The core reads `noop` and `configuration` (see configuration.ts); every other
 * kind belongs to the state machine and is opaque here.
 */
export interface Command {
  /** Format version of this kind. A node that meets an unknown version or kind stops. */
  readonly v: number;
  readonly kind: string;
  /** Names the request for exactly-once; null when it has no name. */
  readonly requestId: string | null;
  /** The leader's time when proposed, in ms: what expiry goes by, on every node alike. */
  readonly at: number;
  /** Who asked; null until there are users. */
  readonly by: string | null;
}

/** One entry of the log. Immutable. (index, term) names it for all time (§5.3, Log Matching). */
export interface Entry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly command: Command;
  /** The JSON text of `command`, encoded once for disk, peers and size limits. */
  readonly json: string;
}

/** The only way to make an entry; `json` is given where the text is already at hand. */
export function createEntry(
  index: LogIndex,
  term: Term,
  command: Command,
  json: string = JSON.stringify(command),
): Entry {
  return { index, term, command, json };
}

/** What must be on disk before any message that depends on it leaves (Figure 2). */
export interface HardState {
  readonly term: Term;
  readonly vote: MemberId | null;
}
