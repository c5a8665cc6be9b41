import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { KvResult, LoggedCommand } from '../../src/kv/command.ts';
import { StateMachine } from '../../src/kv/state-machine.ts';
import { EMPTY_BYTES } from '../../src/lib/bytes.ts';
import { anyHistory, anyKey, TIGHT } from './support/arbitrary.ts';
import { Model } from './support/model.ts';

function restored(lines: Iterable<string>): StateMachine {
  const machine = new StateMachine(TIGHT);
  const receiver = machine.restore();
  for (const line of lines) receiver.line(line);
  receiver.finish();
  return machine;
}

test('any history has the results and the state of the obvious model', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyHistory, anyKey, anyKey, (history, low, high) => {
      const machine = new StateMachine(TIGHT);
      const model = new Model(TIGHT);
      history.forEach((command, i) => {
        const result = machine.apply(command, i + 1);
        expect(result).toEqual(model.apply(command));
        seen.add(result.type);
      });
      const { view } = machine;
      expect(view.revision).toBe(model.revision);
      const all = model.range(EMPTY_BYTES, null);
      expect(view.range(EMPTY_BYTES, null, 1000)).toEqual(all);
      expect(view.range(EMPTY_BYTES, null, 1000, true)).toEqual(all.toReversed());
      for (const end of [high, null]) {
        const part = model.range(low, end);
        expect(view.range(low, end, 2)).toEqual(part.slice(0, 2));
        expect(view.range(low, end, 2, true)).toEqual(part.toReversed().slice(0, 2));
        expect(view.count(low, end)).toBe(part.length);
      }
      for (const pair of all) expect(view.get(pair.key)).toEqual(pair);
    }),
    { seed: 1, numRuns: 300 },
  );
  // The histories must be rich enough to prove something.
  expect([...seen].toSorted()).toEqual([
    'condition-failed',
    'delete',
    'put',
    'request-expired',
    'request-mismatch',
    'too-many-requests',
  ]);
});

test('a snapshot taken anywhere and read at the end is the state then, and goes on alike', () => {
  fc.assert(
    fc.property(anyHistory, fc.nat(), (history, where) => {
      const machine = new StateMachine(TIGHT);
      const cut = where % history.length;
      let lines: Iterable<string> = [];
      let then = '';
      const later: (string | KvResult)[][] = [];
      history.forEach((command, i) => {
        if (i === cut) [lines, then] = [machine.snapshot(), machine.hash()];
        const result = machine.apply(command, i + 1);
        if (i >= cut) later.push([result, machine.hash()]);
      });
      const copy = restored(lines);
      expect([copy.appliedIndex, copy.hash()]).toEqual([cut, then]);
      const again = history
        .slice(cut)
        .map((command, i) => [copy.apply(command, cut + i + 1), copy.hash()]);
      expect(again).toEqual(later);
      expect([...copy.snapshot()]).toEqual([...machine.snapshot()]);
    }),
    { seed: 2, numRuns: 200 },
  );
});

test('two machines agree on the hash after each command, through JSON as on disk', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const [machine, other] = [new StateMachine(TIGHT), new StateMachine(TIGHT)];
      history.forEach((command, i) => {
        const result = machine.apply(command, i + 1);
        const read = JSON.parse(JSON.stringify(command)) as LoggedCommand;
        expect(other.apply(read, i + 1)).toEqual(result);
        expect(other.hash()).toBe(machine.hash());
      });
    }),
    { seed: 3, numRuns: 50 },
  );
});
