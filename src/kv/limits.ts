/** The longest key the store takes; the boundary may allow less. */
export const MAX_KEY_BYTES = 64 * 1024;

/** The longest name of a request. */
export const MAX_REQUEST_ID_LENGTH = 256;

/** The most leases that one checkpoint speaks of. */
export const MAX_CHECKPOINTED_LEASES = 1000;
