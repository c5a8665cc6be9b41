/** THE MODEL of a few keys: one call after another, each whole, each answer determined. */
import type { Answer, Ask, Call, Condition, Pair, Put } from './call.ts';

/**
 * A key's state. Revisions are null while nobody has told them: those of a write whose outcome its
 * client does not know. The first answer that tells them settles it.
 */
interface Cell {
  readonly value: string;
  readonly created: number | null;
  readonly modified: number | null;
  readonly version: number;
}

export interface State {
  /** The newest revision that is known to have been reached. */
  readonly revision: number;
  readonly cells: ReadonlyMap<string, Cell>;
}

export const EMPTY: State = { revision: 0, cells: new Map() };

/** The state after a call; null when its answer cannot be given in this state. */
export function step(state: State, call: Call): State | null {
  const { ask, outcome } = call;
  switch (outcome.type) {
    case 'ok':
      return answered(state, ask, outcome.answer);
    case 'found':
      return outcome.revision > state.revision ? effect(state, ask, outcome.revision) : null;
    case 'unknown':
      return mayBe(state, ask, outcome.revisions ?? null);
    case 'no':
      return null;
  }
}

/** Equal for equal states, whatever order they came about in. */
export function keyOf(state: State): string {
  const cells = [...state.cells].sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = cells.map(
    ([key, { value, created, modified, version }]) =>
      `${key}=${value},${created},${modified},${version}`,
  );
  return `${state.revision};${texts.join(';')}`;
}

function answered(state: State, ask: Ask, answer: Answer): State | null {
  const { revision } = answer;
  if (revision < state.revision) return null;
  switch (answer.type) {
    case 'put':
      if (ask.type !== 'put' || state.cells.has(ask.key) === answer.created) return null;
      return revision === state.revision ? null : effect(state, ask, revision);
    case 'delete':
      if (ask.type !== 'delete' || answer.deleted !== Number(state.cells.has(ask.key))) return null;
      if (answer.deleted === 0) return ask.condition === null ? { ...state, revision } : null;
      return revision === state.revision ? null : effect(state, ask, revision);
    case 'condition-failed':
      if (ask.type !== 'put' && ask.type !== 'delete') return null;
      return surely(state, ask.key, ask.condition) === true ? null : { ...state, revision };
    case 'get':
      return ask.type === 'get' ? seen({ ...state, revision }, ask.key, answer.pair) : null;
    case 'range':
      return ask.type === 'range' ? allSeen({ ...state, revision }, answer.pairs) : null;
    case 'txn':
      if (ask.type !== 'txn') return null;
      if (answer.succeeded) {
        return revision === state.revision ? null : effect(state, ask, revision);
      }
      return refusedTxn({ ...state, revision }, ask, answer.read);
  }
}

/** Of the revisions that are left for it only the next can be the one: the others come later. */
function mayBe(state: State, ask: Ask, revisions: readonly number[] | null): State | null {
  if (revisions === null) return effect(state, ask, null);
  const next = revisions.find((revision) => revision > state.revision);
  return next === undefined ? null : effect(state, ask, next);
}

/** What a write does if it does anything; null when it cannot. */
function effect(state: State, ask: Ask, revision: number | null): State | null {
  switch (ask.type) {
    case 'put': {
      const next = met(state, ask.key, ask.condition);
      return next === null ? null : written(next, [ask], revision);
    }
    case 'delete': {
      const next = met(state, ask.key, ask.condition);
      if (next === null || !next.cells.has(ask.key)) return null;
      const cells = new Map(next.cells);
      cells.delete(ask.key);
      return { revision: revision ?? next.revision, cells };
    }
    case 'txn': {
      let next: State | null = state;
      for (const { key, revision: wanted } of ask.compare) {
        if (next === null) return null;
        next = met(next, key, conditionOf(wanted));
      }
      return next === null ? null : written(next, ask.success, revision);
    }
    case 'get':
    case 'range':
      return state;
  }
}

function written(state: State, puts: readonly Put[], revision: number | null): State {
  const cells = new Map(state.cells);
  for (const { key, value } of puts) {
    const before = cells.get(key);
    const created = before === undefined ? revision : before.created;
    cells.set(key, { value, created, modified: revision, version: (before?.version ?? 0) + 1 });
  }
  return { revision: revision ?? state.revision, cells };
}

function refusedTxn(
  state: State,
  ask: Extract<Ask, { type: 'txn' }>,
  read: readonly (Pair | null)[],
): State | null {
  const holds = ask.compare.every(
    ({ key, revision }) => surely(state, key, conditionOf(revision)) === true,
  );
  if (holds || read.length !== ask.failure.length) return null;
  let next: State | null = state;
  for (const [i, { key }] of ask.failure.entries()) {
    if (next === null) return null;
    next = seen(next, key, read[i] ?? null);
  }
  return next;
}

function conditionOf(revision: number): Condition {
  return revision === 0 ? { type: 'absent' } : { type: 'revision', revision };
}

/** Whether a condition holds; null when that depends on a revision nobody has told yet. */
function surely(state: State, key: string, condition: Condition | null): boolean | null {
  const cell = state.cells.get(key);
  if (condition === null) return true;
  if (condition.type === 'absent') return cell === undefined;
  if (cell === undefined) return false;
  return cell.modified === null ? null : cell.modified === condition.revision;
}

/** The state in which the condition holds; null when it does not. */
function met(state: State, key: string, condition: Condition | null): State | null {
  const holds = surely(state, key, condition);
  const cell = state.cells.get(key);
  if (holds !== null) return holds ? state : null;
  if (cell === undefined || condition?.type !== 'revision') return null;
  return settled(state, key, { ...cell, modified: condition.revision });
}

function allSeen(state: State, pairs: readonly Pair[]): State | null {
  if (pairs.length !== state.cells.size) return null;
  let next: State | null = state;
  for (const pair of pairs) if (next !== null) next = seen(next, pair.key, pair);
  return next;
}

/** The state in which a key looks as it was seen; null when it cannot. */
function seen(state: State, key: string, pair: Pair | null): State | null {
  const cell = state.cells.get(key);
  if (pair === null || cell === undefined) {
    return pair === null && cell === undefined ? state : null;
  }
  const { value, version, createRevision: created, modRevision: modified } = pair;
  if (cell.value !== value || cell.version !== version) return null;
  if (cell.created !== null && cell.created !== created) return null;
  if (cell.modified !== null && cell.modified !== modified) return null;
  if (modified > state.revision || created > modified) return null;
  if (cell.created === created && cell.modified === modified) return state;
  return settled(state, key, { value, version, created, modified });
}

function settled(state: State, key: string, cell: Cell): State {
  return { ...state, cells: new Map(state.cells).set(key, cell) };
}
