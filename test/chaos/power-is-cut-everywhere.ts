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
    await startAfter(trial, cluster, recording, at);
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
  const calls = await Promise.all(
    cluster.nodes.map(async (node, i) => {
      const trace = await until('strace has ended', () => {
        const text = readFileSync(traceOf(i), 'utf8');
        return text.includes(`${node.pid} `) && isWhole(text) ? text : null;
      });
      return parseFileCalls(trace);
    }),
  );
  trial.count('writes and syncs recorded', calls.flat().filter(isOfFiles).length);
  return { calls, writers, from, to };
}

/** The last line of every thread says how it ended. */
function isWhole(trace: string): boolean {
  const threads = new Set(trace.match(/^\d+(?= )/gm));
  return (trace.match(/\+\+\+ (?:killed by|exited with)/g)?.length ?? 0) >= threads.size;
}

function isOfFiles({ name }: FileCall): boolean {
  return ['write', 'fdatasync', 'fsync', 'rename', 'unlink'].includes(name);
}

async function startAfter(
  trial: Trial,
  cluster: ProcessCluster,
  { calls, writers }: Recording,
  at: number,
): Promise<void> {
  for (const [i, node] of cluster.nodes.entries()) {
    rmSync(cluster.dataDir(node), { recursive: true, force: true });
    const disk = new RecordedDisk(cluster.directory);
    disk.replay(calls[i] ?? [], at / 1000, trial.prng);
    const unsure = disk.writeTo(cluster.directory, trial.prng);
    trial.count('files and names that were not sure', unsure);
    node.restart(undefined, []);
  }
  await cluster.ready(cluster.nodes, 30_000);
  await verifyKept(trial, cluster.nodes, writers.upTo(at));
  await putSurely(
    cluster.nodes.map((node) => node.url),
    'afterwards',
    'works',
  );
  await Promise.all(cluster.nodes.map((node) => node.kill()));
}
