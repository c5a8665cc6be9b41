/** HOW MUCH of what there is to try is tried: everything, or every so-manieth. */
export interface Rules {
  /** Every so-manieth crash point. */
  readonly points: number;
  /** Everything that a crash may leave, or one thing for each mode, or any one thing. */
  readonly outcomes: 'all' | 'modes' | 'one';
  /** Every so-manieth crash is followed by one at each operation of the start after it. */
  readonly again: number;
  /** Every so-manieth crash point is also one of all nodes at once; */
  readonly all: number;
  /** and one after which the node stays away until another leads. */
  readonly late: number;
  /** Every so-manieth message is one after which its sender crashes. */
  readonly sent: number;
}

export type Kind = 'points' | 'again' | 'all' | 'late' | 'sent';

/** Takes every so-manieth of each kind, the first of them somewhere by the offset. */
export class Sampler {
  readonly #rules: Rules;
  readonly #offset: number;
  readonly #counts = new Map<Kind, number>();
  #drawn = 0;

  constructor(rules: Rules, offset: number) {
    this.#rules = rules;
    this.#offset = offset;
  }

  takes(kind: Kind): boolean {
    const count = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, count + 1);
    return (count + this.#offset) % this.#rules[kind] === 0;
  }

  /** As many of what a crash may leave as the rules say. */
  outcomes<T extends { readonly mode: string }>(all: readonly T[]): readonly T[] {
    this.#drawn += 1;
    switch (this.#rules.outcomes) {
      case 'all':
        return all;
      case 'modes':
        return oneOfEach(all, this.#offset + this.#drawn);
      case 'one':
        return all.slice((this.#offset + this.#drawn) % all.length).slice(0, 1);
    }
  }
}

/** So many times less. */
export function thinned(rules: Rules, times: number): Rules {
  const { points, outcomes, again, all, late, sent } = rules;
  return {
    points: points * times,
    outcomes: times > 1 && outcomes === 'all' ? 'modes' : outcomes,
    again: again * times,
    all: all * times,
    late: late * times,
    sent: sent * times,
  };
}

/** One for each mode, another one with another offset. */
export function oneOfEach<T extends { readonly mode: string }>(
  all: readonly T[],
  offset: number,
): readonly T[] {
  const modes = [...new Set(all.map(({ mode }) => mode))];
  return modes.map((mode) => {
    const ofMode = all.filter((one) => one.mode === mode);
    return ofMode[offset % ofMode.length] as T;
  });
}
