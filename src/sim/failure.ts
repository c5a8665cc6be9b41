/** A promise of the system that was broken: what a run of the simulator is there to find. */
export class SimFailure extends Error {
  override readonly name = 'SimFailure';
  /** Names what should have held, the same for every way to break it. */
  readonly invariant: string;

  constructor(invariant: string, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}

/** @throws SimFailure when `holds` is false. */
export function check(holds: boolean, invariant: string, detail: () => string): asserts holds {
  if (!holds) throw new SimFailure(invariant, detail());
}
