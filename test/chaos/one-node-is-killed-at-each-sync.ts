/**
 * kill -9 as a node that is alone begins its n-th fdatasync, n = 1, 2, …: while it founds its
 * cluster, while it writes, and again while it comes back from the first time.
 */
import { join } from 'node:path';
import { attempt } from '../support/chaos/http-call.ts';
import type { Scenario, Trial } from '../support/chaos/scenario.ts';
import { verifyKept } from '../support/chaos/verify.ts';
import { freePorts, NodeProcess } from '../support/node-process.ts';
import { killedAtSync } from '../support/strace.ts';
import { tempDir } from '../support/temp-dir.ts';

const LAST_SYNC = 40;
/** Early ones and late ones in turn; after 40 of these steps each had its turn. */
const STEP = 7;
const LIVES = 2;
const LIFE_MS = 30_000;
const KILLED_EXIT = 137;

export const oneNodeIsKilledAtEachSync: Scenario = {
  name: 'one-node-is-killed-at-each-sync',
  about: 'kill -9 of a lone node at its n-th fdatasync, n = 1, 2, …, and again as it recovers',
  share: 1,
  run: async (trial) => {
    for (let turn = 1; turn <= 4 || !trial.isOver; turn += 1) {
      await killedTwice(trial, Math.max(1, (turn * STEP) % (LAST_SYNC + 1)));
    }
    trial.floors({ 'kills at a sync': 8, 'acknowledged writes found': 10 });
  },
};

async function killedTwice(trial: Trial, n: number): Promise<void> {
  using dir = tempDir();
  const [port = 0] = await freePorts(1);
  const place = ['--port', `${port}`, '--name', 'n1', '--data-dir', join(dir.path, 'n1')];
  const args = [...place, '--reserve-bytes', '1MiB'];
  await using node = NodeProcess.spawn({ port, args, wrapper: killedAtSync(n) });
  const acknowledged = new Map<string, string>();
  for (let life = 1; life <= LIVES; life += 1) {
    if (life > 1) node.restart();
    await writeToTheEnd(node, `life-${life}`, acknowledged);
    const code = await node.exited;
    if (code !== KILLED_EXIT) throw new Error(`ended with ${code}:\n${node.output}`);
    trial.count('kills at a sync');
  }
  await node.restart(undefined, []).up();
  await verifyKept(trial, [node], acknowledged);
}

async function writeToTheEnd(
  node: NodeProcess,
  prefix: string,
  acknowledged: Map<string, string>,
): Promise<void> {
  const end = performance.now() + LIFE_MS;
  for (let i = 0; node.isRunning; i += 1) {
    if (performance.now() > end) throw new Error(`it lives on:\n${node.output}`);
    const [key, value] = [`${prefix}/${i}`, `value ${i}`];
    const how = { url: node.url, timeoutMs: 1000, patienceMs: 1500, idempotencyKey: null };
    const outcome = await attempt({ type: 'put', key, value, condition: null }, how);
    if (outcome.type === 'ok') acknowledged.set(key, value);
    else await Bun.sleep(10);
  }
}
