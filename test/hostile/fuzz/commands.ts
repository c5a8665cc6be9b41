/**
 * COMMANDS OF THE LOG, spoilt. Whatever a command is, `apply` answers and never throws, but for a
 * kind or version that nobody knows; two machines make the same of it, and so does one that was
 * restored from a snapshot on the way. The snapshot itself, spoilt, is refused or the same.
 */
import fc from 'fast-check';
import { UnknownCommandError } from '../../../src/kv/decode.ts';
import type { LoggedCommand } from '../../../src/kv/command.ts';
import { SnapshotError } from '../../../src/kv/snapshot-reader.ts';
import type { Prng } from '../../../src/lib/prng.ts';
import { StateMachine } from '../../../src/kv/state-machine.ts';
import { anyHistory, TIGHT } from '../../kv/support/arbitrary.ts';
import { perform, type Step } from '../../kv/support/history.ts';
import { restore } from '../../kv/support/rig.ts';
import { type Cases, type Fuzzer, note } from './fuzzer.ts';
import { mutated, oddJson } from './mutate.ts';

function historyOf(prng: Prng): readonly Step[] {
  const [history] = fc.sample(anyHistory, { numRuns: 1, seed: prng.uint32() | 0 });
  return perform(history ?? []).log;
}

/** As it would come from the log: through JSON, with its frame whole. */
function spoiltCommand(prng: Prng, { command }: Step): LoggedCommand {
  if (prng.chance(0.4)) return command;
  const odd = oddJson(prng, command);
  const fields = typeof odd === 'object' && odd !== null && !Array.isArray(odd) ? odd : {};
  const { v, kind, requestId, at, by } = command;
  const frame = prng.chance(0.8) ? { v, kind, requestId, at, by } : {};
  return JSON.parse(JSON.stringify({ ...fields, ...frame })) as LoggedCommand;
}

export const APPLY_FUZZER: Fuzzer = {
  name: 'apply',
  start: (): Cases => {
    const seen = new Map<string, number>();
    const one = (prng: Prng): void => {
      const first = new StateMachine(TIGHT);
      const second = new StateMachine(TIGHT);
      let third = new StateMachine(TIGHT);
      for (const step of historyOf(prng)) {
        const command = spoiltCommand(prng, step);
        const results = [first, second, third].map((machine) =>
          applied(machine, command, step.term),
        );
        note(seen, results[0] ?? '');
        if (new Set(results).size > 1) throw new Error(`different results: ${results.join(' | ')}`);
        if (prng.chance(0.1)) third = copyOf(third);
        if (prng.chance(0.2)) first.collect(prng.between(1, 20));
        const hashes = new Set([first, second, third].map((machine) => machine.hash()));
        if (hashes.size > 1) throw new Error(`different states after ${JSON.stringify(command)}`);
      }
    };
    return { one, seen };
  },
};

function applied(machine: StateMachine, command: LoggedCommand, term: number): string {
  try {
    return machine.apply(command, machine.appliedIndex + 1, term).type;
  } catch (error) {
    if (!(error instanceof UnknownCommandError)) throw error;
    return 'unknown';
  }
}

function copyOf(machine: StateMachine): StateMachine {
  const copy = new StateMachine(TIGHT);
  restore(copy, machine.snapshot());
  return copy;
}

export const CONTENT_FUZZER: Fuzzer = {
  name: 'content',
  start: (): Cases => {
    const seen = new Map<string, number>();
    const one = (prng: Prng): void => {
      const machine = new StateMachine(TIGHT);
      for (const { command, term } of historyOf(prng)) applied(machine, command, term);
      const lines = [...machine.snapshot()];
      for (let n = 0; n < 20; n += 1) {
        const target = new StateMachine(TIGHT);
        try {
          restore(target, spoiltLines(prng, lines));
          // Its hash is in it, and so it is the state that was written.
          if (target.hash() !== machine.hash()) throw new Error('another state was taken in');
          note(seen, 'the same');
        } catch (error) {
          if (!(error instanceof SnapshotError)) throw error;
          if (target.appliedIndex !== 0) throw new Error('half of a snapshot was taken in');
          note(seen, 'refused');
        }
      }
    };
    return { one, seen };
  },
};

function spoiltLines(prng: Prng, lines: readonly string[]): readonly string[] {
  const [a, b] = [prng.between(0, lines.length), prng.between(0, lines.length)];
  const line = lines[a] ?? '';
  const odd = (): string => {
    try {
      return JSON.stringify(oddJson(prng, JSON.parse(line))) ?? '';
    } catch {
      return mutated(prng, Buffer.from(line)).toString('latin1');
    }
  };
  return prng.pick([
    () => lines.with(a, odd()),
    () => lines.with(a, mutated(prng, Buffer.from(line)).toString('latin1')),
    () => lines.toSpliced(a, 1),
    () => lines.toSpliced(b, 0, line),
    () => lines.with(a, lines[b] ?? '').with(b, line),
  ])();
}
