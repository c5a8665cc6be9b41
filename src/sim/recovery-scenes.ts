/**
 * A MEMBER RECOVERS while the others elect, or while messages from before still come: what chance
 * brings about too seldom, for a leader settles a recovery in no time.
 */
import type { Prng } from '../lib/prng.ts';
import type { Calm } from './calm.ts';
import { tearLog } from './damage.ts';
import { NO_WRITE } from './services.ts';
import type { SimNode } from './sim-node.ts';

/** In election timeouts. */
const LATE_BY = 1;
const SETTLED_WITHIN = 30;
/** Writes whose messages are on their way when the member goes down. */
const WRITES = 5;
const ROOM = 100;

/** The end of its log is damaged, and it comes back. */
export function recovers(calm: Calm, prng: Prng): void {
  const { leader, members, world } = calm;
  const others = members.filter((member) => member !== leader);
  if (leader === null || others.length === 0) return;
  const torn = prng.pick(others);
  if (isAnyDamaged(calm) || !calm.isDispensable(torn)) return;
  const isLate = prng.chance(0.5);
  if (isLate) delay(calm, leader, torn);
  torn.crash('drop');
  torn.damaged();
  const what = tearLog(torn.disk.disk, prng);
  if (what === null) torn.madeGood();
  else world.trace.line(torn.name, `is damaged: ${what}`);
  torn.start();
  if (!isLate) leader.enter((node) => node.stepDown());
  const { electionMs } = world.profile.timing;
  calm.runFor(2 * LATE_BY * electionMs);
  const isSettled = (): boolean => torn.node?.raft.state.recovery === null;
  calm.runFor(SETTLED_WITHIN * electionMs, isSettled);
  calm.check(isSettled(), 'who recovers is well again', () => torn.name);
  torn.madeGood();
  if (what !== null) world.coverage.count('scene-recovery');
}

/** What the leader sends to a member from now on arrives when that has started again. */
function delay(calm: Calm, leader: SimNode, to: SimNode): void {
  const { network, profile } = calm.world;
  network.clog(leader.id, to.id, LATE_BY * profile.timing.electionMs, ROOM);
  for (let write = 0; write < WRITES; write += 1) {
    calm.ask(leader, (node, context) => node.propose(NO_WRITE, context)).catch(() => undefined);
  }
  calm.runFor(profile.timing.heartbeatMs);
}

/** Only one may have lost something. */
function isAnyDamaged({ leader, world }: Calm): boolean {
  const members = leader?.node?.raft.state.history.latest.members ?? [];
  return members.some(({ id }) => world.nodes.get(id)?.isDamaged === true);
}
