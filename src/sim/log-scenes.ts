/**
 * SCENES OF LOGS THAT ARE NOT WHAT THEY WERE, which chance brings about too seldom: a member whose
 * log is torn comes back amid an election, or while messages from before still come; and a leader
 * that was cut off comes back with what it alone has.
 */
import type { Prng } from '../lib/prng.ts';
import type { Calm } from './calm.ts';
import { tearLog } from './damage.ts';
import { NO_WRITE } from './services.ts';
import { isExpected } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';

/** In election timeouts. */
const LATE_BY = 1;
const SETTLED_WITHIN = 30;
/** Writes that are on their way when a member goes down, or that nobody else will have. */
const WRITES = 5;
const ROOM = 100;
/** By then a request has reached its node. */
const REACHED_MS = 3;

/** `elect`: as others do; `late`: what was sent before arrives; `lose`: what it has confirmed. */
const WAYS = ['elect', 'late', 'lose'] as const;

/** The end of a member's log is damaged, and it comes back. */
export function recovers(calm: Calm, prng: Prng): void {
  const { leader, members, world } = calm;
  const others = members.filter((member) => member !== leader);
  if (leader === null || others.length === 0) return;
  const torn = prng.pick(others);
  if (isAnyDamaged(calm) || !calm.isDispensable(torn)) return;
  const way = prng.pick(WAYS);
  if (way === 'late') delay(calm, leader, torn);
  if (way === 'lose') confirm(calm, leader, torn);
  torn.crash('drop');
  torn.damaged();
  const what = tearLog(torn.disk.disk, prng);
  if (what === null) torn.madeGood();
  else world.trace.line(torn.name, `is damaged (${way}): ${what}`);
  torn.start();
  if (way === 'elect') leader.enter((node) => node.stepDown());
  const { electionMs } = world.profile.timing;
  calm.runFor(2 * LATE_BY * electionMs);
  const isSettled = (): boolean => torn.node?.raft.state.recovery === null;
  calm.runFor(SETTLED_WITHIN * electionMs, isSettled);
  calm.check(isSettled(), 'who recovers is well again', () => torn.name);
  calm.check(calm.isSucceeded(null), 'a leader is elected', () => `${torn.name} recovered`);
  torn.madeGood();
  if (what !== null) world.coverage.count('scene-recovery');
}

/**
 * A leader is cut off with writes, and perhaps a removal, that nobody else has; it comes back when
 * its successor has just given up. Its log may be the longest by then, and must not win.
 */
export function returnsWithTail(calm: Calm, prng: Prng): void {
  const { leader, members, world } = calm;
  const others = members.filter((member) => member !== leader);
  if (leader === null || others.length === 0 || !calm.isDispensable(leader)) return;
  world.trace.line(leader.name, 'is cut off, and goes on for a while');
  const rest = [...world.nodes.keys()].filter((id) => id !== leader.id);
  const mend = world.network.part([leader.id], rest);
  const removed = prng.pick(others);
  if (prng.chance(0.5)) {
    leader.enter(({ raft }) => raft.proposeChange({ type: 'remove', id: removed.id }, null, 0));
  }
  write(calm, leader, WRITES);
  const isSucceeded = calm.isSucceeded(leader);
  calm.check(isSucceeded, 'a leader that is silent is replaced', () => leader.name);
  const term = calm.leader?.node?.term() ?? 0;
  calm.leader?.enter((node) => node.stepDown());
  mend();
  // The one that comes back leads until it hears of that.
  const isElected = (): boolean => (calm.leader?.node?.term() ?? 0) > term;
  calm.runFor(SETTLED_WITHIN * world.profile.timing.electionMs, isElected);
  calm.check(isElected(), 'a leader is elected', () => `${leader.name} came back`);
  world.coverage.count('scene-tail');
}

/** What the leader sends to a member from now on arrives when that has started again. */
function delay(calm: Calm, leader: SimNode, to: SimNode): void {
  const { network, profile } = calm.world;
  network.clog(leader.id, to.id, LATE_BY * profile.timing.electionMs, ROOM);
  write(calm, leader, WRITES);
  calm.runFor(profile.timing.heartbeatMs);
}

/** The newest that the member has on disk is a write that the leader knows to be there. */
function confirm(calm: Calm, leader: SimNode, member: SimNode): void {
  write(calm, leader, 1);
  const { lastIndex } = member.durable;
  const matches = (): boolean => {
    const role = leader.node?.raft.state.role;
    const match = role?.name === 'leader' ? role.progress.get(member.id)?.matchIndex : undefined;
    return match === undefined || match > lastIndex;
  };
  calm.runFor(calm.servedMs, matches);
}

function write(calm: Calm, leader: SimNode, count: number): void {
  const failed = (error: unknown): void => {
    if (!isExpected(error)) calm.world.failed(error);
  };
  for (let number = 0; number < count; number += 1) {
    calm.ask(leader, (node, context) => node.propose(NO_WRITE, context)).catch(failed);
  }
  calm.runFor(REACHED_MS);
}

/** Only one may have lost something. */
function isAnyDamaged({ leader, world }: Calm): boolean {
  const members = leader?.node?.raft.state.history.latest.members ?? [];
  return members.some(({ id }) => world.nodes.get(id)?.isDamaged === true);
}
