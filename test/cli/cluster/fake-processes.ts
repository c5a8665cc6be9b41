import type { ChildProcess, Exit, Signal, Spawn } from '../../../src/cli/cluster/process.ts';

/** A process that does what the test says. */
export class FakeProcess implements ChildProcess {
  readonly pid: number;
  readonly command: readonly string[];
  readonly signals: Signal[] = [];
  readonly exited: Promise<Exit>;
  readonly #exit: (exit: Exit) => void;
  /** Ends on SIGTERM, as a good node does. */
  obedient = true;

  constructor(pid: number, command: readonly string[]) {
    this.pid = pid;
    this.command = command;
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.exited = promise;
    this.#exit = resolve;
  }

  kill(signal: Signal): void {
    this.signals.push(signal);
    if (signal === 'SIGKILL') this.#exit({ code: null, signal });
    if (signal === 'SIGTERM' && this.obedient) this.#exit({ code: 0, signal: null });
  }

  async exit(code: number): Promise<void> {
    this.#exit({ code, signal: null });
    await settle();
  }
}

export class FakeProcesses {
  readonly started: FakeProcess[] = [];

  readonly spawn: Spawn = (command) => {
    const child = new FakeProcess(1000 + this.started.length, command);
    this.started.push(child);
    return child;
  };

  get last(): FakeProcess {
    const child = this.started.at(-1);
    if (child === undefined) throw new Error('nothing was started');
    return child;
  }
}

/** Lets promises that are due run their course. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
