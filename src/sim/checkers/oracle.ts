/**
 * What is committed, for all time: set once by whoever commits it first (paper, State Machine
 * Safety).
 */
import { must } from '../../lib/assert.ts';
import {
  type Configuration,
  EMPTY_CONFIGURATION,
  isConfigurationCommand,
} from '../../raft/configuration.ts';
import type { Entry, LogIndex } from '../../raft/entry.ts';
import { check } from '../failure.ts';

export class Oracle {
  readonly #entries: Entry[] = [];
  readonly #configurations: { readonly index: LogIndex; readonly value: Configuration }[] = [];
  readonly #onCommit: (entry: Entry) => void;

  /** @param onCommit hears of every entry once, in the order of the log. */
  constructor(onCommit: (entry: Entry) => void) {
    this.#onCommit = onCommit;
  }

  /** The highest index that anyone ever committed. */
  get lastIndex(): LogIndex {
    return this.#entries.length;
  }

  at(index: LogIndex): Entry | undefined {
    return this.#entries[index - 1];
  }

  get(index: LogIndex): Entry {
    return must(this.at(index), `committed entry ${index}`);
  }

  add(entry: Entry): void {
    check(entry.index === this.lastIndex + 1, 'commits are contiguous', () => {
      return `${entry.index} after ${this.lastIndex}`;
    });
    this.#entries.push(entry);
    if (isConfigurationCommand(entry.command)) {
      this.#configurations.push({ index: entry.index, value: entry.command.configuration });
    }
    this.#onCommit(entry);
  }

  /** The membership as of an index. */
  configurationAt(index: LogIndex): Configuration {
    const found = this.#configurations.findLast((one) => one.index <= index);
    return found?.value ?? EMPTY_CONFIGURATION;
  }
}
