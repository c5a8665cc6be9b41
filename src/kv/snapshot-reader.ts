import { isCount } from './fields.ts';
import { hashOfState } from './replicated-state.ts';
import type { SessionLimits } from './session.ts';
import { ITEMS_TYPES, type ItemsType, SNAPSHOT_VERSION, type SnapshotHeader } from './snapshot.ts';
import { type RestoredState, SnapshotLoad } from './snapshot-load.ts';

/** The lines are not what `snapshotLines` wrote. Nothing was changed by them. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';

  constructor(line: number, fault: string) {
    super(`snapshot line ${line}: ${fault}`);
  }
}

/** The fields of a line as they may come: anything. */
interface UnknownLine
  extends Partial<Record<keyof SnapshotHeader | ItemsType | 'items' | 'hash', unknown>> {}

/**
 * Reads the lines of a snapshot (snapshot.ts) into a state of its own, one by one, trusting
 * nothing. Every fault is a SnapshotError that names the line.
 */
export class SnapshotReader {
  readonly #limits: SessionLimits;
  #load: SnapshotLoad | null = null;
  /** Where in `ITEMS_TYPES` the last line of items was. */
  #stage = 0;
  #lines = 0;
  /** As the last line says. */
  #hash: string | null = null;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  /** Takes the next line, without its newline. */
  line(text: string): void {
    this.#lines += 1;
    const line = this.#parse(text);
    if (this.#hash !== null) throw this.#fault('a line after the end');
    if (this.#load === null) this.#load = this.#begin(line);
    else if (line.type === 'end') this.#end(line, this.#load);
    else this.#items(line, this.#load);
  }

  /** The whole state, after the last line; its hash is what the snapshot said. */
  finish(): RestoredState {
    if (this.#load === null || this.#hash === null) throw this.#fault('the end is missing');
    const { state } = this.#load;
    const hash = hashOfState(state);
    if (hash !== this.#hash) throw this.#fault(`the state hashes to ${hash}, not ${this.#hash}`);
    return state;
  }

  #parse(text: string): UnknownLine {
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch {
      throw this.#fault('not JSON');
    }
    if (typeof line !== 'object' || line === null) throw this.#fault('not an object');
    return line;
  }

  #begin(line: UnknownLine): SnapshotLoad {
    const { type, v, appliedIndex, term, revision, compactRevision, clock } = line;
    if (type !== 'state') throw this.#fault('not the first line of a snapshot');
    if (v !== SNAPSHOT_VERSION) throw this.#fault(`unknown version ${JSON.stringify(v)}`);
    const isWhole =
      isCount(appliedIndex) &&
      isCount(term) &&
      isCount(revision) &&
      isCount(compactRevision) &&
      isCount(clock);
    if (!isWhole || revision < 1 || compactRevision > revision) {
      throw this.#fault('malformed numbers');
    }
    const header = { type, v, appliedIndex, term, revision, compactRevision, clock } as const;
    return new SnapshotLoad(header, this.#limits);
  }

  #items(line: UnknownLine, load: SnapshotLoad): void {
    const stage = ITEMS_TYPES.findIndex((type) => type === line.type);
    const type = ITEMS_TYPES[stage];
    if (type === undefined) throw this.#fault('unknown type');
    if (stage < this.#stage) throw this.#fault(`${type} after ${ITEMS_TYPES[this.#stage]}`);
    if (!Array.isArray(line.items)) throw this.#fault('items are missing');
    this.#stage = stage;
    for (const item of line.items as readonly unknown[]) {
      const fault = load.take(type, item);
      if (fault !== null) throw this.#fault(`${fault} of ${type}`);
    }
  }

  #end(line: UnknownLine, load: SnapshotLoad): void {
    const fault = load.end();
    if (fault !== null) throw this.#fault(fault);
    for (const type of ITEMS_TYPES) {
      const count = load.count(type);
      if (count !== line[type]) {
        throw this.#fault(`${count} ${type} where ${String(line[type])} were announced`);
      }
    }
    if (typeof line.hash !== 'string') throw this.#fault('the hash is missing');
    this.#hash = line.hash;
  }

  #fault(fault: string): SnapshotError {
    return new SnapshotError(this.#lines, fault);
  }
}
