import type { KvCommand, KvResult } from '../../../src/kv/command.ts';
import type { KvChange } from '../../../src/kv/event.ts';
import type { SessionLimits } from '../../../src/kv/session.ts';
import { StateMachine } from '../../../src/kv/state-machine.ts';

/** A state machine that counts indexes by itself and keeps what it says. */
export class Rig {
  readonly machine: StateMachine;
  readonly changes: KvChange[] = [];
  term = 1;

  constructor(limits?: SessionLimits) {
    this.machine = new StateMachine(limits);
    this.machine.listen((change) => this.changes.push(change));
  }

  get view(): StateMachine['view'] {
    return this.machine.view;
  }

  /** Applies commands, one after the other; the result of the last one. */
  apply(...commands: readonly KvCommand[]): KvResult {
    let result: KvResult | null = null;
    for (const command of commands) {
      result = this.machine.apply(command, this.machine.appliedIndex + 1, this.term);
    }
    if (result === null) throw new Error('nothing to apply');
    return result;
  }

  /** Collects all there is to collect. */
  collectAll(): void {
    while (this.machine.collect(7));
  }

  /** Another machine with the state of this one, by way of a snapshot. */
  copy(limits?: SessionLimits): Rig {
    const copy = new Rig(limits);
    copy.term = this.term;
    restore(copy.machine, this.machine.snapshot());
    return copy;
  }
}

export function restore(machine: StateMachine, lines: Iterable<string>): void {
  const receiver = machine.restore();
  for (const line of lines) receiver.line(line);
  receiver.finish();
}
