/**
 * REAL TIME over all keys: revisions are one order of everything, so a call that began after
 * another had ended may not stand before it. Sharper than key by key, and linear.
 */
import { type Call, describeCall, positionOf } from './call.ts';

interface Seen {
  readonly position: number;
  readonly call: Call | null;
}

export function checkRealTime(calls: readonly Call[]): string[] {
  const told = calls.flatMap((call) =>
    call.outcome.type === 'ok' ? [{ call, position: positionOf(call.outcome.answer) }] : [],
  );
  const begun = told.toSorted((a, b) => a.call.invokedAt - b.call.invokedAt);
  const ended = told.toSorted((a, b) => a.call.returnedAt - b.call.returnedAt);
  const problems: string[] = [];
  let newest: Seen = { position: 0, call: null };
  let next = 0;
  for (const one of begun) {
    for (let over = ended[next]; over !== undefined; over = ended[next]) {
      if (over.call.returnedAt >= one.call.invokedAt) break;
      if (over.position > newest.position) newest = over;
      next += 1;
    }
    if (one.position >= newest.position || newest.call === null) continue;
    problems.push(`${describeCall(one.call)}\n  came after ${describeCall(newest.call)}`);
  }
  return problems;
}
