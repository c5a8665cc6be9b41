import { ApiError } from '../../../src/wire/errors.ts';

/** What has become of a promise, to look at without waiting for it. */
export class Outcome<T> {
  readonly promise: Promise<T>;
  state: 'open' | 'resolved' | 'rejected' = 'open';
  value: T | undefined;
  error: unknown = null;

  constructor(promise: Promise<T>) {
    this.promise = promise;
    promise.then(
      (value) => {
        this.state = 'resolved';
        this.value = value;
      },
      (error: unknown) => {
        this.state = 'rejected';
        this.error = error;
      },
    );
  }

  /** The code of the ApiError it ended with; else how it is. */
  get code(): string {
    return this.error instanceof ApiError ? this.error.code : this.state;
  }

  /** What it ended with says of the effect. */
  get applied(): string {
    return this.error instanceof ApiError ? this.error.applied : this.state;
  }
}

export function watch<T>(promise: Promise<T>): Outcome<T> {
  return new Outcome(promise);
}
