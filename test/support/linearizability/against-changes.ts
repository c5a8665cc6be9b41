/** CALLS AGAINST CHANGES: what was acknowledged is there, and nothing is there that must not be. */
import { type Call, describeCall, hasEffect, valuesOf } from './call.ts';
import type { Change, Event } from './changes.ts';

/**
 * What the changes tell of calls whose clients do not know: puts took effect in a revision, or
 * never did. A deletion has nothing to tell it by: it may be any that no other call has claimed.
 */
export function resolve(calls: readonly Call[], changes: readonly Change[]): Call[] {
  const byValue = revisionsByValue(changes);
  const deletions = unclaimed(calls, changes);
  return calls.flatMap((call): Call[] => {
    const { ask, outcome } = call;
    if (outcome.type !== 'unknown') return [call];
    if (ask.type === 'delete') {
      const revisions = deletions.get(ask.key) ?? [];
      return revisions.length === 0 ? [] : [{ ...call, outcome: { ...outcome, revisions } }];
    }
    const revision = byValue.get(valuesOf(ask)[0] ?? '');
    return revision === undefined ? [] : [{ ...call, outcome: { type: 'found', revision } }];
  });
}

/** Lost writes, refused ones that took effect, and changes that nobody asked for. */
export function checkCalls(calls: readonly Call[], changes: readonly Change[]): string[] {
  const byRevision = new Map(changes.map((change) => [change.revision, change]));
  const revisions = revisionsByValue(changes);
  const problems: string[] = [];
  for (const call of calls) {
    const problem = problemOf(call, byRevision, revisions);
    if (problem !== null) problems.push(`${problem}: ${describeCall(call)}`);
  }
  return [...problems, ...unasked(calls, changes)];
}

function problemOf(
  call: Call,
  byRevision: ReadonlyMap<number, Change>,
  revisions: ReadonlyMap<string, number>,
): string | null {
  const { ask, outcome } = call;
  if (outcome.type === 'no' || (outcome.type === 'ok' && !hasEffect(outcome.answer))) {
    const found = valuesOf(ask).find((value) => revisions.has(value));
    return found === undefined ? null : `refused, and found in revision ${revisions.get(found)}`;
  }
  if (outcome.type !== 'ok') return null;
  const { revision } = outcome.answer;
  const events = byRevision.get(revision)?.events ?? [];
  const due = writesOf(call);
  const isThere = due.every(([key, value]) =>
    events.some(
      (event) => event.key === key && (value === null ? isDelete(event) : event.value === value),
    ),
  );
  return isThere && events.length === due.length
    ? null
    : `acknowledged, but revision ${revision} is ${JSON.stringify(events)}`;
}

/** What a call writes: key and value, null for a deletion. */
function writesOf({ ask }: Call): [string, string | null][] {
  if (ask.type === 'put') return [[ask.key, ask.value]];
  if (ask.type === 'delete') return [[ask.key, null]];
  return ask.type === 'txn' ? ask.success.map(({ key, value }) => [key, value]) : [];
}

function unasked(calls: readonly Call[], changes: readonly Change[]): string[] {
  const values = new Set(calls.flatMap((call) => valuesOf(call.ask)));
  const problems: string[] = [];
  for (const { revision, events } of changes) {
    for (const event of events) {
      if (isDelete(event) || values.has(event.value)) continue;
      problems.push(`nobody asked for this in revision ${revision}: ${JSON.stringify(event)}`);
    }
  }
  const open = calls.filter(
    ({ ask, outcome }) => ask.type === 'delete' && outcome.type === 'unknown',
  );
  for (const [key, revisions] of unclaimed(calls, changes)) {
    const asked = open.filter(({ ask }) => ask.type === 'delete' && ask.key === key).length;
    if (revisions.length <= asked) continue;
    problems.push(`nobody asked to delete ${key} in all of the revisions ${revisions.join(', ')}`);
  }
  return problems;
}

/** Revisions that delete a key and were told to no client. */
function unclaimed(calls: readonly Call[], changes: readonly Change[]): Map<string, number[]> {
  const claimed = new Set(
    calls.flatMap(({ ask, outcome }) =>
      ask.type === 'delete' && outcome.type === 'ok' && hasEffect(outcome.answer)
        ? outcome.answer.revision
        : [],
    ),
  );
  const left = new Map<string, number[]>();
  for (const { revision, events } of changes) {
    for (const event of events) {
      if (!isDelete(event) || claimed.has(revision)) continue;
      left.set(event.key, [...(left.get(event.key) ?? []), revision]);
    }
  }
  return left;
}

function revisionsByValue(changes: readonly Change[]): Map<string, number> {
  const puts = changes.flatMap(({ revision, events }) =>
    events.flatMap((event): [string, number][] =>
      isDelete(event) ? [] : [[event.value, revision]],
    ),
  );
  return new Map(puts);
}

function isDelete(event: Event): boolean {
  return event.type === 'delete';
}
