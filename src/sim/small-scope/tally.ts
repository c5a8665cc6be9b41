/** WHAT AN ENUMERATION ADDS UP TO, and what it found. */
import { textOfPlan } from './crash-plan.ts';
import type { CaseReport, ScopeCase } from './scope-case.ts';

/** `reference` has no crash; the others are told apart in rules.ts. */
export type CaseKind = 'reference' | 'point' | 'again' | 'all' | 'late' | 'sent';

const KINDS: readonly CaseKind[] = ['reference', 'point', 'again', 'all', 'late', 'sent'];

export interface FailedCase {
  readonly scopeCase: ScopeCase;
  readonly message: string;
}

export class Tally {
  readonly failures: FailedCase[] = [];
  readonly #cases = new Map<CaseKind, number>();
  #scripts = 0;
  #points = 0;
  #missed = 0;
  #tornTails = 0;
  #recoveries = 0;
  #refusedStarts = 0;

  script(): void {
    this.#scripts += 1;
  }

  point(): void {
    this.#points += 1;
  }

  add(kind: CaseKind, scopeCase: ScopeCase, report: CaseReport): void {
    this.#cases.set(kind, this.of(kind) + 1);
    this.#tornTails += report.tornTails;
    this.#recoveries += report.recoveries;
    this.#refusedStarts += report.refusedStarts;
    if (report.fired < scopeCase.crashes.length) this.#missed += 1;
    const { failure } = report;
    if (failure !== null) this.failures.push({ scopeCase, message: failure.message });
  }

  of(kind: CaseKind): number {
    return this.#cases.get(kind) ?? 0;
  }

  get cases(): number {
    return KINDS.reduce((sum, kind) => sum + this.of(kind), 0);
  }

  /** Everything that was counted, by name. */
  get counts(): Readonly<Record<string, number>> {
    return {
      scripts: this.#scripts,
      'crash points': this.#points,
      cases: this.cases,
      'of one crash': this.of('point'),
      'of a crash during the start after a crash': this.of('again'),
      'of a crash of all': this.of('all'),
      'of a crash that outlasts an election': this.of('late'),
      'of a crash behind a message': this.of('sent'),
      'crash not reached': this.#missed,
      'torn tails': this.#tornTails,
      'starts that had to recover': this.#recoveries,
      'refused starts': this.#refusedStarts,
      failures: this.failures.length,
    };
  }
}

/** The flags of the command that runs a case again. */
export function flagsOf({ script, size, seed, crashes }: ScopeCase): string {
  const steps = script.map(({ name }) => name).join(',');
  const plans = crashes.length === 0 ? '' : ` --crash ${crashes.map(textOfPlan).join(',')}`;
  return `--scope ${steps} --size ${size} --seed ${seed}${plans}`;
}
