/** Errors that several places throw, in the same words. */

import { ApiError } from './errors.ts';

/** Whoever asked has closed the connection: nobody reads this, but the log. */
export function clientGone(): ApiError {
  return new ApiError('request-timeout', 'The client is gone.');
}

export function shuttingDown(): ApiError {
  return new ApiError('shutting-down', 'The node is shutting down.');
}

/** `fields` may say the `revision` as of which there is none. */
export function noSuchLease(fields: { readonly revision?: number } = {}): ApiError {
  return new ApiError('lease-not-found', 'There is no such lease, or it has ended', fields);
}
