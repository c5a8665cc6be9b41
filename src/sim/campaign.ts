/** A CAMPAIGN: many seeds, one after another, and what they add up to. */
import { Coverage } from './coverage.ts';
import { tooSeldom } from './floors.ts';
import { type RunReport, Simulation } from './simulation.ts';

const LINE_LENGTH = 240;

/** The seeds from, from + step, from + 2 step, …, `count` of them. */
export interface Seeds {
  readonly from: number;
  readonly count: number;
  readonly step: number;
}

/** A run as one line of JSON, so that it can be told to another process. */
export interface RunLine {
  readonly seed: number;
  readonly failure: string | null;
  readonly trace: readonly string[];
  readonly traceHash: string;
  readonly simulatedMs: number;
  readonly coverage: Readonly<Record<string, unknown>>;
}

/** Runs seeds until they are through, or `mayGoOn` says no before one. */
export function* runSeeds(
  { from, count, step }: Seeds,
  drain: () => void,
  mayGoOn: () => boolean = () => true,
): Generator<RunReport> {
  for (let i = 0; i < count && mayGoOn(); i += 1) {
    yield new Simulation({ seed: from + i * step, drain }).run();
  }
}

export function lineOf(report: RunReport): RunLine {
  const { seed, failure, trace, traceHash, simulatedMs, coverage } = report;
  return {
    seed,
    failure: failure?.message ?? null,
    trace,
    traceHash,
    simulatedMs,
    coverage: coverage.toJSON(),
  };
}

/** Adds up runs. */
export class Tally {
  readonly coverage = new Coverage();
  readonly failures: RunLine[] = [];
  #runs = 0;
  #simulatedMs = 0;

  add(line: RunLine): void {
    this.#runs += 1;
    this.#simulatedMs += line.simulatedMs;
    this.coverage.add(Coverage.from(line.coverage));
    if (line.failure !== null) this.failures.push(line);
  }

  /** What happened too seldom for so many runs. */
  get seldom(): readonly string[] {
    return tooSeldom(this.coverage);
  }

  get isGood(): boolean {
    return this.#runs > 0 && this.failures.length === 0 && this.seldom.length === 0;
  }

  /** One line for people. @param seconds how long it took. */
  summary(seconds: number): string {
    const simulated = Math.round(this.#simulatedMs / 1000);
    const speed = Math.round(simulated / Math.max(seconds, 0.001));
    return (
      `${this.#runs} runs, ${this.failures.length} failed; ${simulated} simulated seconds in ` +
      `${seconds.toFixed(1)} s (${speed} x), ${this.coverage.of('operation')} operations, ` +
      `${this.coverage.of('crash')} crashes, ${this.coverage.of('leader-elected')} elections`
    );
  }
}

/** A failed run, with the command that repeats it. */
export function describeFailure({ seed, failure, trace }: RunLine, command: string): string {
  const lines = trace.map((line) => `  ${line.slice(0, LINE_LENGTH)}\n`).join('');
  const ending = `The end of its trace:\n${lines}`;
  return `seed ${seed} failed: ${failure}\n${ending}Again: ${command} --seed ${seed}\n`;
}
