/** The first thing that a system did otherwise, for no known reason. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(what: string, expected: unknown, actual: unknown) {
    super(what);
    this.expected = expected;
    this.actual = actual;
  }
}
