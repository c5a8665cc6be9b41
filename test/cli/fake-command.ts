import type { Exit, Signal } from '../../src/cli/cluster/process.ts';
import type { RunHere } from '../../src/cli/foreground.ts';

/** A command as it was started. */
export interface Started {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly input: string | null;
  readonly signals: Signal[];
  readonly end: (exit: Exit) => void;
}

/** Commands that do as they are told. */
export class FakeCommands {
  readonly started: Started[] = [];
  /** Called with each one that is started; by default it ends with 0. */
  onStart: (started: Started) => void = ({ end }) => end({ code: 0, signal: null });
  /** Called with each signal. */
  onSignal: (started: Started, signal: Signal) => void = () => undefined;

  readonly runHere: RunHere = (command, environment, input) => {
    const { promise, resolve } = Promise.withResolvers<Exit>();
    const text = input === null ? null : Buffer.from(input).toString('latin1');
    const started = { command, environment, input: text, signals: [], end: resolve };
    this.started.push(started);
    this.onStart(started);
    let isGone = false;
    void promise.then(() => {
      isGone = true;
    });
    return {
      exited: promise,
      isGone: () => isGone,
      kill: (signal) => {
        (started.signals as Signal[]).push(signal);
        this.onSignal(started, signal);
      },
    };
  };
}
