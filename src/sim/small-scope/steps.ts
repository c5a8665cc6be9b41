/**
 * WHAT A SCRIPT IS MADE OF: things that happen in the life of a cluster, each begun when the one
 * before has ended. A step holds out through crashes and elections, as a patient operator would,
 * and ends when it is done or when it is clear that it will not be.
 */
import type { KvProposal } from '../../node/api.ts';
import type { LeaseId } from '../../kv/command.ts';
import { bytesOfText } from '../../lib/bytes.ts';
import { isExpected } from '../sim-cluster.ts';
import type { SimNode } from '../sim-node.ts';
import type { Stage } from './stage.ts';

export interface Step {
  readonly name: string;
  /** The clusters that it makes sense in. */
  readonly sizes: readonly number[];
  readonly run: (stage: Stage) => Promise<void>;
}

const KEY = bytesOfText('key');
const OTHER_KEY = bytesOfText('other');
const ASK_TIMEOUT_MS = 300;
const ATTEMPTS = 40;
/** When a leader has noticed that a member is gone, and refuses what would cost the quorum. */
const NOTICED_MS = 1_500;
const RETRY_AFTER_MS = 50;
const BURST = 5;
const BURST_BYTES = 300;
const ANY = [1, 2, 3];
const SEVERAL = [2, 3];

export const STEPS: readonly Step[] = [
  { name: 'put', sizes: ANY, run: put },
  { name: 'burst', sizes: ANY, run: burst },
  { name: 'delete', sizes: ANY, run: ({ client }) => client.write(deletion()) },
  { name: 'txn', sizes: ANY, run: txn },
  { name: 'grant', sizes: ANY, run: grant },
  { name: 'compact', sizes: ANY, run: compact },
  { name: 'snapshot', sizes: ANY, run: snapshot },
  { name: 'install', sizes: [3], run: install },
  { name: 'overwrite', sizes: [3], run: overwrite },
  { name: 'elect', sizes: ANY, run: elect },
  { name: 'crash-leader', sizes: ANY, run: crashLeader },
  { name: 'transfer', sizes: SEVERAL, run: transfer },
  { name: 'join', sizes: ANY, run: join },
  { name: 'promote', sizes: ANY, run: promote },
  { name: 'remove-follower', sizes: SEVERAL, run: (stage) => remove(stage, stage.follower) },
  { name: 'remove-leader', sizes: SEVERAL, run: (stage) => remove(stage, stage.leader) },
  { name: 'restart', sizes: ANY, run: restart },
  { name: 'damage', sizes: [3], run: damage },
  // Only at the beginning of a script: the founding of the cluster is part of it then.
  { name: 'found', sizes: ANY, run: put },
];

export function stepOf(name: string): Step | null {
  return STEPS.find((step) => step.name === name) ?? null;
}

function put({ client }: Stage): Promise<void> {
  const value = client.fresh();
  return client.write({ kind: 'put', key: KEY, value, condition: null, prev: false });
}

/** Several at a time: a batch of several lines, over several sectors. */
async function burst({ client }: Stage): Promise<void> {
  const value = bytesOfText('x'.repeat(BURST_BYTES));
  const puts = Array.from({ length: BURST }, (_, at) => {
    const key = bytesOfText(`burst-${at}`);
    return client.write({ kind: 'put', key, value, condition: null, prev: false });
  });
  await Promise.all(puts);
}

function deletion(): KvProposal {
  return { kind: 'delete', key: KEY, end: null, open: false, condition: null, prev: true };
}

function txn({ client }: Stage): Promise<void> {
  const value = client.fresh();
  return client.write({
    kind: 'txn',
    compare: [{ key: KEY, target: 'version', op: '>', value: 0 }],
    success: [
      { type: 'put', key: OTHER_KEY, value, lease: null, prev: false },
      { type: 'delete', key: KEY, prev: false },
    ],
    failure: [{ type: 'put', key: KEY, value, lease: null, prev: false }],
  });
}

/** A lease, and a key that goes with it. */
function grant({ client }: Stage): Promise<void> {
  const value = client.fresh();
  const lease = '7' as LeaseId;
  const fields = { key: OTHER_KEY, value, lease, grant: { id: lease, ttl: 600 } };
  return client.write({ kind: 'put', ...fields, condition: null, prev: false });
}

function compact({ client, leader }: Stage): Promise<void> {
  const revision = leader?.node?.store.revision ?? 1;
  return client.write({ kind: 'compact', revision });
}

/** Every member puts its state on disk, and its log shrinks. */
async function snapshot(stage: Stage): Promise<void> {
  await put(stage);
  await Promise.all(stage.members.map((node) => saveSnapshot(stage, node)));
}

async function saveSnapshot(stage: Stage, node: SimNode): Promise<void> {
  await insist(
    stage,
    () => node,
    (target, context) => target.backup(context),
  );
}

/** One member misses so much that it gets it as a snapshot. */
async function install(stage: Stage): Promise<void> {
  const lagging = stage.follower;
  const mend = lagging === null ? () => undefined : stage.isolate(lagging);
  await put(stage);
  await put(stage);
  const { leader } = stage;
  if (leader !== null) await saveSnapshot(stage, leader);
  mend();
  await stage.settled();
}

/** A leader that is cut off logs what the next leader's log replaces. */
async function overwrite(stage: Stage): Promise<void> {
  const { client, leader } = stage;
  if (leader === null) return;
  const mend = stage.isolate(leader);
  await client.attempt(leader, deletion());
  await stage.led();
  await put(stage);
  mend();
  await stage.settled();
}

/** Another node campaigns; one that is alone gives up leading, and is elected anew. */
async function elect(stage: Stage): Promise<void> {
  const { follower, leader } = stage;
  await attempt(stage, follower ?? leader, async (node) => {
    if (follower === null) node.stepDown();
    else node.campaign();
    return Promise.resolve();
  });
  await stage.led();
}

async function crashLeader(stage: Stage): Promise<void> {
  const { leader } = stage;
  if (leader === null) return;
  leader.crash('drop');
  const others = stage.members.filter((node) => node !== leader);
  if (others.length > 1) await stage.led();
  stage.start(leader);
  await stage.led();
}

async function transfer(stage: Stage): Promise<void> {
  const to = stage.follower?.id ?? null;
  await attempt(stage, stage.leader, (node, context) => node.transferLeadership(to, context));
  await stage.led();
}

/** A new machine becomes a learner, and gets all there is. */
async function join(stage: Stage): Promise<void> {
  await stage.sim.cluster.join();
  await stage.settled();
}

async function promote(stage: Stage): Promise<void> {
  const joiner = await stage.sim.cluster.join();
  if (joiner === null) return;
  await insist(
    stage,
    () => stage.leader,
    (node, context) => node.promoteMember(joiner.id, context),
  );
}

async function remove(stage: Stage, target: SimNode | null): Promise<void> {
  if (target !== null) await stage.sim.cluster.remove(target.id);
}

/** A power cut, of a follower where there is one. */
async function restart(stage: Stage): Promise<void> {
  const node = stage.follower ?? stage.leader;
  node?.crash('drop');
  if (node !== null) stage.start(node);
  await stage.settled();
}

/** The end of a member's log is damaged: it must not vote before it has everything again. */
async function damage(stage: Stage): Promise<void> {
  const node = stage.follower;
  if (node === null) return;
  await put(stage);
  await stage.settled();
  node.crash('drop');
  stage.damageLog(node);
  stage.start(node);
  await stage.settled();
  // Whoever changes the membership in the same moment has two failures at once, of three members.
  if (node.isGone) await stage.sim.world.scheduler.pause(NOTICED_MS);
}

/** Asks until the answer is yes; gives up in the end. */
async function insist(stage: Stage, whom: () => SimNode | null, ask: Ask): Promise<void> {
  for (let tries = 0; tries < ATTEMPTS; tries += 1) {
    if (await attempt(stage, whom(), ask)) return;
    await stage.sim.world.scheduler.pause(RETRY_AFTER_MS);
  }
}

type Node = NonNullable<SimNode['node']>;
type Ask = (node: Node, context: Parameters<Node['backup']>[0]) => Promise<unknown>;

/** Asks once; whether the answer was yes. */
async function attempt(stage: Stage, whom: SimNode | null, ask: Ask): Promise<boolean> {
  if (whom === null) return false;
  try {
    await stage.sim.cluster.call(whom, ask, ASK_TIMEOUT_MS);
    return true;
  } catch (error) {
    if (!isExpected(error)) throw error;
    return false;
  }
}
