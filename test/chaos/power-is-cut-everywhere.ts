/**
 * The power goes, on all nodes in the same instant. What each did to its files is recorded while
 * clients write; from that every directory is rebuilt as it may be found after a cut at some
 * moment: what was synced, and of the rest whatever chance leaves. Then the nodes start on these.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type FileCall, parseFileCalls } from '../support/chaos/file-calls.ts';
import { request } from '../support/chaos/faults.ts';
import { RecordedDisk } from '../support/chaos/power-cut.ts';
import type { Scenario, Trial } from '../support/chaos/scenario.ts';
import { TimedWriters } from '../support/chaos/timed-writers.ts';
import { verifyKept } from '../support/chaos/verify.ts';
import { putSurely } from '../support/client.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { recordedFiles } from '../support/strace.ts';
import { tempDir } from '../support/temp-dir.ts';

const ARGS = ['--snapshot-wal-bytes', '256KiB', '--reserve-bytes', '1MiB'];
const LOAD_MS = 3000;
const CUTS_OF_A_RECORDING = 6;

/** What all nodes did, and what clients were told meanwhile. */
interface Recording {
  readonly calls: readonly (readonly FileCall[])[];
  readonly writers: TimedWriters;
  /** Ms of the wall clock between which there was load. */
  readonly from: number;
  readonly to: number;
}

export const powerIsCutEverywhere: Scenario = {
  name: 'power-is-cut-everywhere',
  about: 'directories as a power cut leaves them, rebuilt from recorded system calls',
  share: 1.5,
  run: async (trial) => {
    for (let round = 0; round < 2 || !trial.isOver; round += 1) {
      await cutOnce(trial, round % 4 === 1 ? 1 : 3);
    }
    trial.floors({
      recordings: 2,
      'power cuts': 2 * CUTS_OF_A_RECORDING,
      'power cuts during a start': 2,
      'acknowledged writes found': 500,
      'files and names that were not sure': 10,
      'writes and syncs recorded': 500,
    });
  },
};

async function cutOnce(trial: Trial, size: number): Promise<void> {
  using traces = tempDir();
  const traceOf = (i: number): string => join(traces.path, `trace-${i}`);
  const wrapper = (i: number): readonly string[] => recordedFiles(traceOf(i));
  await using cluster = await ProcessCluster.start({ size, args: ARGS, wrapper });
  const recording = await record(trial, cluster, traceOf);
  trial.count('recordings');
  for (let cut = 0; cut < CUTS_OF_A_RECORDING; cut += 1) {
    const { from, to } = recording;
    // The last is the kill itself; with all that was written, synced or not.
    const isLast = cut === CUTS_OF_A_RECORDING - 1;
    const at = isLast ? to + 1000 : from + trial.prng.unit() * (to - from);
    const fresh = cluster.nodes.map(() => new RecordedDisk(cluster.directory));
    rebuild(trial, cluster, fresh, recording.calls, at);
    if (trial.prng.chance(0.5)) await cutAgain(trial, cluster, traceOf);
    await startAfter(trial, cluster, recording.writers.upTo(at));
    trial.count('power cuts');
  }
}

async function record(
  trial: Trial,
  cluster: ProcessCluster,
  traceOf: (i: number) => string,
): Promise<Recording> {
  const from = Date.now();
  const writers = new TimedWriters(cluster.nodes, trial.prng, 6);
  try {
    await Bun.sleep(LOAD_MS / 2);
    // Votes and terms are promises, too.
    await request(trial.prng.pick(cluster.nodes), 'POST', '/cluster/leader', {});
    await Bun.sleep(LOAD_MS / 2);
    for (const node of cluster.nodes) node.signal('SIGKILL');
    await Promise.all(cluster.nodes.map((node) => node.exited));
  } finally {
    await writers.stop();
  }
  const to = Date.now();
  const calls = await callsOf(cluster, traceOf);
  trial.count('writes and syncs recorded', calls.flat().filter(isOfFiles).length);
  return { calls, writers, from, to };
}

/** What each node did, once it has ended. */
async function callsOf(cluster: ProcessCluster, traceOf: (i: number) => string) {
  return await Promise.all(
    cluster.nodes.map(async (node, i) => {
      const trace = await until('strace has ended', () => {
        const text = readFileSync(traceOf(i), 'utf8');
        return text.includes(`${node.pid} `) && isWhole(text) ? text : null;
      });
      return parseFileCalls(trace);
    }),
  );
}

/** The last line of every thread says how it ended. */
function isWhole(trace: string): boolean {
  const threads = new Set(trace.match(/^\d+(?= )/gm));
  return (trace.match(/\+\+\+ (?:killed by|exited with)/g)?.length ?? 0) >= threads.size;
}

function isOfFiles({ name }: FileCall): boolean {
  return ['write', 'fdatasync', 'fsync', 'rename', 'unlink'].includes(name);
}

/** Every directory as it may be found after a cut, given what was there before. */
function rebuild(
  trial: Trial,
  cluster: ProcessCluster,
  disks: readonly RecordedDisk[],
  calls: Recording['calls'],
  at: number,
): void {
  for (const [i, disk] of disks.entries()) {
    disk.replay(calls[i] ?? [], at / 1000, trial.prng);
  }
  for (const node of cluster.nodes) {
    rmSync(cluster.dataDir(node), { recursive: true, force: true });
  }
  for (const disk of disks) {
    const unsure = disk.writeTo(cluster.directory, trial.prng);
    trial.count('files and names that were not sure', unsure);
  }
}

/** The power comes back, and goes again while the nodes start. */
async function cutAgain(
  trial: Trial,
  cluster: ProcessCluster,
  traceOf: (i: number) => string,
): Promise<void> {
  const disks = cluster.nodes.map((node) => {
    const disk = new RecordedDisk(cluster.directory);
    disk.load(cluster.dataDir(node));
    return disk;
  });
  for (const node of cluster.nodes) node.restart();
  await Bun.sleep(300 + trial.prng.unit() * 1500);
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  rebuild(trial, cluster, disks, await callsOf(cluster, traceOf), Number.POSITIVE_INFINITY);
  trial.count('power cuts during a start');
}

async function startAfter(
  trial: Trial,
  cluster: ProcessCluster,
  acknowledged: ReadonlyMap<string, string>,
): Promise<void> {
  for (const node of cluster.nodes) node.restart(undefined, []);
  await cluster.ready(cluster.nodes, 30_000);
  await verifyKept(trial, cluster.nodes, acknowledged);
  await putSurely(
    cluster.nodes.map((node) => node.url),
    'afterwards',
    'works',
  );
  await Promise.all(cluster.nodes.map((node) => node.kill()));
}
