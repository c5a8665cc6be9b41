/** A CAMPAIGN: many seeds, one after another, and what they add up to. */
import { Coverage } from './coverage.ts';
import { type Cut, cuttable, flagsOf, UNCUT } from './cut.ts';
import { tooSeldom } from './floors.ts';
import { type Attempt, shrink } from './shrink.ts';
import { type RunReport, Simulation } from './simulation.ts';

const LINE_LENGTH = 240;
/** After so many failures the rest is told as it is: something is wrong everywhere. */
const SHRUNK_MAX = 3;

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
  /** Of `sim`, beside the seed: they repeat the failure, cut short. */
  readonly flags: string;
  readonly simulatedMs: number;
  readonly coverage: Readonly<Record<string, unknown>>;
}

/** Runs seeds until they are through. */
export function* runSeeds({ from, count, step }: Seeds, drain: () => void): Generator<RunLine> {
  let failures = 0;
  for (let i = 0; i < count; i += 1) {
    const seed = from + i * step;
    const report = new Simulation({ seed, drain, trace: false }).run();
    if (report.failure === null) {
      yield lineOf(report, UNCUT);
    } else {
      failures += 1;
      yield explained(report, drain, failures <= SHRUNK_MAX);
    }
  }
}

/** A seed that failed, once more with its trace, cut as short as it may be. */
function explained(report: RunReport, drain: () => void, shrunk: boolean): RunLine {
  const { seed, failure, simulatedMs } = report;
  const whole = { invariant: failure?.invariant ?? '', atMs: simulatedMs };
  const attempt: Attempt = (cut) => {
    const again = new Simulation({ seed, drain, cut, trace: false }).run();
    return again.failure && { invariant: again.failure.invariant, atMs: again.simulatedMs };
  };
  const { profile } = new Simulation({ seed, drain, trace: false }).world;
  const cut = shrunk ? shrink(whole, cuttable(profile), attempt) : UNCUT;
  const traced = new Simulation({ seed, drain, cut }).run();
  return { ...lineOf(traced, cut), coverage: report.coverage.toJSON(), simulatedMs };
}

export function lineOf(report: RunReport, cut: Cut): RunLine {
  const { seed, failure, trace, simulatedMs, coverage } = report;
  return {
    seed,
    failure: failure?.message ?? null,
    trace,
    flags: flagsOf(cut),
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

  get runs(): number {
    return this.#runs;
  }

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
export function describeFailure({ seed, failure, trace, flags }: RunLine, command: string): string {
  const lines = trace.map((line) => `  ${line.slice(0, LINE_LENGTH)}\n`).join('');
  const ending = `The end of its trace:\n${lines}`;
  return `seed ${seed} failed: ${failure}\n${ending}Again: ${command} --seed ${seed}${flags}\n`;
}
