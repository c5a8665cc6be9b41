/**
 * CANARIES: bugs that systems of this kind have really had, as changes of one place in the source.
 * Each is put in alone, when the source is loaded; the simulator must find it. What it does not
 * find, it would not find in the next change of the program either.
 */
export interface Canary {
  readonly name: string;
  /** Where somebody had it, as far as it is known in public. */
  readonly known?: string;
  readonly file: string;
  /** Must be there exactly once. */
  readonly find: string;
  readonly replace: string;
  /**
   * It has not been found so far, in some dozens of seeds: either a hole, or it makes no difference
   * to anything that is promised. `--open` tries those.
   */
  readonly isOpen?: true;
}
