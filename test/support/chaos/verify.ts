/** THE VERDICT once everything has healed: of clients, watches and nodes, one story. */
import type { NodeProcess } from '../node-process.ts';
import { until } from '../poll.ts';
import { Prng } from '../../../src/lib/prng.ts';
import type { Call, Pair } from '../linearizability/call.ts';
import { type Change, finalPairs } from '../linearizability/changes.ts';
import { checkHistory } from '../linearizability/check.ts';
import { checkWatched } from '../linearizability/watched.ts';
import { storeHashes } from '../writers.ts';
import { pairOf } from './http-call.ts';
import type { Trial } from './scenario.ts';
import { WatchReader } from './watch-reader.ts';

const MINUTE = 60_000;

export interface Seen {
  readonly nodes: readonly NodeProcess[];
  readonly calls: readonly Call[];
  readonly readers: readonly WatchReader[];
}

/** @throws telling what is wrong */
export async function verify(trial: Trial, { nodes, calls, readers }: Seen): Promise<void> {
  const revision = await converged(nodes);
  await sameHashes(nodes);
  const changes = await sameReplay(trial, nodes, revision);
  await sameStates(trial, nodes, changes);
  const { problems, groups } = checkHistory(calls, changes);
  trial.noProblems('the calls', problems);
  await checkReaders(trial, readers, changes);
  const of = (type: Call['outcome']['type']): number =>
    calls.filter(({ outcome }) => outcome.type === type).length;
  trial.count('calls', calls.length);
  trial.count('calls acknowledged', of('ok'));
  trial.count('calls refused', of('no'));
  trial.count('calls of unknown outcome', of('unknown'));
  trial.count('changes', changes.length);
  trial.count('histories checked', groups);
}

async function sameHashes(nodes: readonly NodeProcess[]): Promise<void> {
  const hashes = await storeHashes(nodes);
  if (new Set(hashes).size !== 1) throw new Error(`the states differ: ${hashes.join(', ')}`);
}

/** Waits until all nodes are at the same revision, and stay there. */
async function converged(nodes: readonly NodeProcess[]): Promise<number> {
  let before = -1;
  return await until(
    () => `all nodes are at one revision and index, not ${before}`,
    async () => {
      await Bun.sleep(300);
      const all = await Promise.all(nodes.map((node) => node.status().catch(() => null)));
      const places = new Set(all.map((one) => `${one?.revision} ${one?.appliedIndex}`));
      const [first] = all;
      if (places.size !== 1 || first === null || first === undefined) return null;
      const isSteady = first.appliedIndex === before;
      before = first.appliedIndex;
      return isSteady ? first.revision : null;
    },
    MINUTE,
  );
}

/** All changes from the first on, told alike by every node. */
async function sameReplay(
  trial: Trial,
  nodes: readonly NodeProcess[],
  revision: number,
): Promise<readonly Change[]> {
  let changes: readonly Change[] | null = null;
  for (const { url } of nodes) {
    const reader = new WatchReader({ urls: () => [url], prng: new Prng(1) });
    try {
      await told(reader, revision);
    } finally {
      await reader.stop();
    }
    trial.noProblems(`a replay through ${url}`, reader.problems);
    changes ??= reader.changes;
    trial.noProblems(`a replay through ${url}`, checkWatched(reader.changes, changes));
  }
  return changes ?? [];
}

/** What can be read on every node is what the changes make. */
async function sameStates(
  trial: Trial,
  nodes: readonly NodeProcess[],
  changes: readonly Change[],
): Promise<void> {
  const due = finalPairs(changes);
  for (const { url } of nodes) {
    const problems: string[] = [];
    const pairs = await readAll(url);
    if (pairs.length !== due.size) problems.push(`${pairs.length} pairs, not ${due.size}`);
    for (const pair of pairs) {
      const [is, should] = [JSON.stringify(pair), JSON.stringify(due.get(pair.key))];
      if (is !== should) problems.push(`${is}, not ${should}`);
    }
    trial.noProblems(`the state of ${url}`, problems);
  }
}

/** @throws when a pair is not on every node, or the nodes differ. */
export async function verifyKept(
  trial: Trial,
  nodes: readonly NodeProcess[],
  acknowledged: ReadonlyMap<string, string>,
): Promise<void> {
  await converged(nodes);
  for (const { url } of nodes) {
    const found = new Map((await readAll(url)).map(({ key, value }) => [key, value]));
    const lost = [...acknowledged].filter(([key, value]) => found.get(key) !== value);
    const told = lost.map(([key, value]) => `${key} is ${found.get(key)}, not ${value}`);
    trial.noProblems(`acknowledged and not at ${url}`, told);
  }
  await sameHashes(nodes);
  trial.count('acknowledged writes found', acknowledged.size);
}

async function readAll(url: string): Promise<Pair[]> {
  const response = await fetch(`${url}/kv?prefix=`, {
    headers: { accept: 'application/x-ndjson' },
    signal: AbortSignal.timeout(MINUTE),
  });
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  const items = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return items.filter((item) => 'modRevision' in item).map(pairOf);
}

async function checkReaders(
  trial: Trial,
  readers: readonly WatchReader[],
  changes: readonly Change[],
): Promise<void> {
  for (const [i, reader] of readers.entries()) {
    await told(reader, changes.at(-1)?.revision ?? 0);
    trial.noProblems(`reader ${i + 1}`, reader.problems);
    trial.noProblems(`reader ${i + 1}`, checkWatched(reader.changes, changes));
    trial.count('changes told to readers', reader.changes.length);
    trial.count('watches resumed', reader.resumed);
  }
}

async function told(reader: WatchReader, revision: number): Promise<void> {
  await until(
    () => `a watch has told all up to ${revision}, not ${reader.revision}`,
    () => reader.revision >= revision,
    MINUTE,
  );
}
