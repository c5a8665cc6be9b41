/**
 * CANARIES: bugs that systems of this kind have really had, as changes of one place in the source.
 * Each is put in alone, when the source is loaded; the simulator must find it, or a test that is
 * named. What nothing finds, nothing would find in the next change of the program either.
 */
import type { Edit } from '../support/replaced-source.ts';

export interface Bug extends Edit {
  readonly name: string;
  /** Where somebody had it, as far as it is known in public. */
  readonly known?: string;
  /** Elsewhere in the source, where it takes both to do harm. */
  readonly also?: readonly Edit[];
}

interface FoundByTest {
  /** The test file that finds it. */
  readonly foundBy: string;
  /** Why a world of the simulator does not, or not often enough. */
  readonly seldom: string;
}

export type Canary = Bug & (FoundByTest | { readonly foundBy?: never });
