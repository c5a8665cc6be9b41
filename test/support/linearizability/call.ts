/** CALLS: what clients asked for, when, and what they were told. The vocabulary of the checkers. */

/** What has to hold for a write. */
export type Condition =
  | { readonly type: 'absent' }
  | { readonly type: 'revision'; readonly revision: number };

export interface Put {
  readonly type: 'put';
  readonly key: string;
  /** No other call writes it: a value tells which call it comes from. */
  readonly value: string;
  readonly condition: Condition | null;
}

export interface Delete {
  readonly type: 'delete';
  readonly key: string;
  readonly condition: Condition | null;
}

export interface Get {
  readonly type: 'get';
  readonly key: string;
}

/** All keys that begin so; a group's keys all do. */
export interface Range {
  readonly type: 'range';
  readonly prefix: string;
}

/** If every key has the revision given for it (0: it is absent), the writes; else the reads. */
export interface Txn {
  readonly type: 'txn';
  readonly compare: readonly { readonly key: string; readonly revision: number }[];
  readonly success: readonly Put[];
  readonly failure: readonly Get[];
}

export type Ask = Put | Delete | Get | Range | Txn;

/** A key's present state, as an answer tells it. */
export interface Pair {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

/** What was answered. `revision` is the newest one of the whole store at that point. */
export type Answer = { readonly revision: number } & (
  | { readonly type: 'put'; readonly created: boolean }
  | { readonly type: 'delete'; readonly deleted: number }
  | { readonly type: 'condition-failed' }
  | { readonly type: 'get'; readonly pair: Pair | null }
  | { readonly type: 'range'; readonly pairs: readonly Pair[] }
  | { readonly type: 'txn'; readonly succeeded: boolean; readonly read: readonly (Pair | null)[] }
);

export type Outcome =
  | { readonly type: 'ok'; readonly answer: Answer }
  /** Certainly without effect, and nothing was learnt. */
  | { readonly type: 'no'; readonly code: string }
  /** With an effect or without one; it may even come later. */
  | {
      readonly type: 'unknown';
      readonly code: string;
      /** The revisions in which it may have taken effect, if the changes tell; else any. */
      readonly revisions?: readonly number[];
    }
  /** Its client does not know, but the changes tell that it took effect in this revision. */
  | { readonly type: 'found'; readonly revision: number };

export interface Call {
  readonly client: number;
  /** Calls on the keys of one group are checked together, and touch no other keys. */
  readonly group: string;
  readonly ask: Ask;
  /** Ms of one monotonic clock. */
  readonly invokedAt: number;
  readonly returnedAt: number;
  readonly outcome: Outcome;
  /** Which node was asked last; for people. */
  readonly node: string;
}

export function isRead(ask: Ask): boolean {
  return ask.type === 'get' || ask.type === 'range';
}

/** Whether an answer says that something was written. */
export function hasEffect(answer: Answer): boolean {
  if (answer.type === 'delete') return answer.deleted > 0;
  return answer.type === 'put' || (answer.type === 'txn' && answer.succeeded);
}

/** Where a call stands in the order of revisions: what only looked comes behind what wrote. */
export function positionOf(answer: Answer): number {
  return answer.revision + (hasEffect(answer) ? 0 : 0.5);
}

/** The values that a call wants to write. */
export function valuesOf(ask: Ask): readonly string[] {
  if (ask.type === 'put') return [ask.value];
  return ask.type === 'txn' ? ask.success.map((put) => put.value) : [];
}

export function describeCall(call: Call): string {
  const { client, ask, outcome, invokedAt, returnedAt, node } = call;
  const who = `client ${client} at ${node}, ${invokedAt.toFixed(1)}–${returnedAt.toFixed(1)}`;
  return `${who}: ${JSON.stringify(ask)} → ${JSON.stringify(outcome)}`;
}
