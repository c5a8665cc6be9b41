/** SCENARIOS on real processes: what they are given, count, and must have seen. */
import { Prng } from '../../../src/lib/prng.ts';

export interface Scenario {
  /** The name of its file. */
  readonly name: string;
  /** One sentence for the summary: what is done to whom. */
  readonly about: string;
  /** Its share of the time there is, against those of the others. */
  readonly share: number;
  readonly run: (trial: Trial) => Promise<void>;
}

export interface TrialOptions {
  readonly seed: number;
  readonly budgetMs: number;
  /** How often leaders are to be killed where they are; else the time decides. */
  readonly kills: number | null;
  readonly say: (line: string) => void;
}

/** One run of a scenario: its seed, its time, and what really happened. */
export class Trial {
  readonly prng: Prng;
  readonly seed: number;
  readonly budgetMs: number;
  readonly kills: number | null;
  readonly counts = new Map<string, number>();
  readonly say: (line: string) => void;
  readonly #end: number;
  #isFailed = false;

  constructor({ seed, budgetMs, kills, say }: TrialOptions) {
    this.seed = seed;
    this.prng = new Prng(seed);
    this.budgetMs = budgetMs;
    this.kills = kills;
    this.say = say;
    this.#end = performance.now() + budgetMs;
  }

  /** Whether its time is over; what is under way is brought to an end all the same. */
  get isOver(): boolean {
    return this.#isFailed || performance.now() > this.#end;
  }

  /** Whether there is no point in going on, whatever has not been done yet. */
  get isFailed(): boolean {
    return this.#isFailed;
  }

  /** Its time is over, whatever is left of it. */
  fail(): void {
    this.#isFailed = true;
  }

  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  /** @throws when less than this happened: a run without load or faults has shown nothing. */
  floors(least: Readonly<Record<string, number>>): void {
    const short = Object.entries(least).filter(([what, floor]) => this.#of(what) < floor);
    if (short.length === 0) return;
    const told = short.map(([what, floor]) => `${what}: ${this.#of(what)} of at least ${floor}`);
    throw new Error(`too little happened to show anything: ${told.join(', ')}`);
  }

  /** @throws when there are problems; the first few are told, and how many there are. */
  noProblems(what: string, problems: readonly string[]): void {
    if (problems.length === 0) return;
    const [more, first] = [problems.length - 5, problems.slice(0, 5)];
    const rest = more > 0 ? `\n… and ${more} more` : '';
    throw new Error(`${what}: ${problems.length} problems\n${first.join('\n')}${rest}`);
  }

  #of(what: string): number {
    return this.counts.get(what) ?? 0;
  }
}
