import { must } from '../lib/assert.ts';
import type { Prng } from '../lib/prng.ts';
import { votersOf } from '../raft/configuration.ts';
import { Raft } from '../raft/raft.ts';
import type { NodeOptions } from './options.ts';

/** Promotion by itself: healthy for this long, and this near to the leader's end, in entries. */
const PROMOTE_AFTER_MS = 5000;
const PROMOTE_LAG = 1000;
/** Appends under way to one follower: peers' connections reorder, and one is what batches best. */
const APPEND_WINDOW = 1;

/** The core, as what was restored says. */
export function createRaft(options: NodeOptions, prng: Prng): Raft {
  const { restored, timing } = options;
  const ticks = (ms: number): number => Math.max(1, Math.round(ms / timing.tickMs));
  const id = must(restored.identity, 'identity of an opened directory').memberId;
  const config = {
    id,
    heartbeatTicks: ticks(timing.heartbeatMs),
    electionTicks: ticks(timing.electionMs),
    appendBytes: options.limits.appendBytes,
    window: APPEND_WINDOW,
    promoteTicks: ticks(PROMOTE_AFTER_MS),
    promoteLag: PROMOTE_LAG,
  };
  const torn = restored.tail === 'torn';
  const raft = new Raft(config, prng.fork(), { ...restored, recovering: torn });
  // Alone there is nobody to ask: what a cut left is all there is (durability rule 3).
  const alone = votersOf(raft.state.history.latest).every((voter) => voter === id);
  if (options.forceRecovered || (torn && alone && raft.state.isVoter)) raft.forceRecovered();
  return raft;
}
