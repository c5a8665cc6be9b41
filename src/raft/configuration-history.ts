import { assert, must } from '../lib/assert.ts';
import type { MemberId } from '../lib/ids.ts';
import { type Configuration, isConfigurationCommand, votersOf } from './configuration.ts';
import type { Entry, LogIndex } from './entry.ts';

/** A configuration and the entry (or snapshot) it comes from. */
interface Version {
  readonly index: LogIndex;
  readonly configuration: Configuration;
}

/**
 * CONFIGURATIONS IN THE LOG (thesis §4.1): the newest in log or snapshot counts from the moment it
 * is appended; truncation and snapshots bring older or other ones back. Nothing else in the program
 * keeps a membership of its own.
 *
 * Invariants: indexes rise; the first version is the snapshot's, or the empty one of a node that
 * has heard nothing yet.
 */
export class ConfigurationHistory {
  #versions: Version[];
  #voters: readonly MemberId[];

  constructor(base: Configuration, baseIndex: LogIndex, entries: readonly Entry[]) {
    this.#versions = [{ index: baseIndex, configuration: base }];
    this.#voters = votersOf(base);
    for (const entry of entries) this.appended(entry);
  }

  /** The configuration in force. */
  get latest(): Configuration {
    return this.#newest.configuration;
  }

  /** The index of the entry it stands in; it is pending until that is committed. */
  get latestIndex(): LogIndex {
    return this.#newest.index;
  }

  get voters(): readonly MemberId[] {
    return this.#voters;
  }

  /** The configuration as of `index`, for a snapshot there. */
  at(index: LogIndex): Configuration {
    const version = this.#versions.findLast((candidate) => candidate.index <= index);
    return must(version, `configuration as of ${index}`).configuration;
  }

  /** Whether `id` is a voter of the version in force at `index`, or of a later one. */
  isVoterSince(index: LogIndex, id: MemberId): boolean {
    if (this.#voters.includes(id)) return true;
    const from = this.#versions.findLastIndex((version) => version.index <= index);
    const since = this.#versions.slice(Math.max(0, from));
    return since.some((version) => votersOf(version.configuration).includes(id));
  }

  /** How many versions come from entries behind `index`. */
  countAfter(index: LogIndex): number {
    return this.#versions.filter((version) => version.index > index).length;
  }

  /** An entry was appended. Returns whether it changed the configuration. */
  appended(entry: Entry): boolean {
    if (!isConfigurationCommand(entry.command)) return false;
    assert(entry.index > this.latestIndex, () => `configuration ${entry.index} out of order`);
    this.#versions.push({ index: entry.index, configuration: entry.command.configuration });
    this.#refresh();
    return true;
  }

  /** Entries from `index` on were truncated. Returns whether a configuration went with them. */
  truncatedFrom(index: LogIndex): boolean {
    const before = this.#versions.length;
    while (this.#versions.length > 1 && this.latestIndex >= index) this.#versions.pop();
    if (this.#versions.length === before) return false;
    this.#refresh();
    return true;
  }

  /** The log is kept from behind `index` on: only the version in force there remains before it. */
  compacted(index: LogIndex): void {
    const keep = this.#versions.findLastIndex((version) => version.index <= index);
    if (keep > 0) this.#versions.splice(0, keep);
  }

  /** A snapshot replaced the log. */
  reset(index: LogIndex, configuration: Configuration): void {
    this.#versions = [{ index, configuration }];
    this.#refresh();
  }

  get #newest(): Version {
    return must(this.#versions.at(-1), 'a configuration');
  }

  #refresh(): void {
    this.#voters = votersOf(this.latest);
  }
}
