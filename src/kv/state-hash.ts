import { Hasher, hexOfHash } from './hash.ts';
import type { Sessions } from './session.ts';
import type { Store } from './store.ts';

/**
 * The hash of the whole replicated state, in sixteen hexadecimal digits: pairs, revision,
 * remembered requests, clock. Equal for equal states, whatever the way that led there. O(1).
 */
export function hashOfState(store: Store, sessions: Sessions): string {
  return hexOfHash(new Hasher().hash(store.hash()).hash(sessions.hash()).finish());
}
