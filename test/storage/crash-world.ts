import { expect } from 'bun:test';
import { Prng } from '../../src/lib/prng.ts';
import type { Entry, HardState } from '../../src/raft/entry.ts';
import { JsonlStorage } from '../../src/storage/jsonl-storage.ts';
import type { MemoryDisk, MemoryDiskOptions } from '../../src/storage/memory-disk.ts';
import type { CrashMode } from '../../src/storage/memory-file.ts';
import type { Batch, Restored, SnapshotFile } from '../../src/storage/storage.ts';
import { collect, hardState, IDENTITY, meta, snapshotLines } from './support.ts';

/** What a node did: one call of the storage. */
export type Step =
  | { readonly type: 'found' }
  | { readonly type: 'append'; readonly batch: Batch }
  | { readonly type: 'synced' }
  | { readonly type: 'recovered' }
  | { readonly type: 'snapshot'; readonly index: number; readonly term: number }
  | { readonly type: 'install'; readonly snapshot: SnapshotFile; readonly bytes: Uint8Array }
  | { readonly type: 'restart' }
  /** Steps that run beside each other. */
  | { readonly type: 'beside'; readonly steps: readonly Step[] };

/** What a directory should give back. */
export interface Model {
  readonly founded: boolean;
  readonly state: HardState;
  readonly snapshot: { readonly index: number; readonly term: number } | null;
  /** Behind the snapshot. */
  readonly entries: readonly Entry[];
}

const EMPTY: Model = { founded: false, state: hardState(0), snapshot: null, entries: [] };

export function modelOf(steps: readonly Step[]): Model {
  return steps.reduce(after, EMPTY);
}

function after(model: Model, step: Step): Model {
  switch (step.type) {
    case 'found':
      return { ...model, founded: true };
    case 'append': {
      const first = step.batch.entries[0]?.index ?? Infinity;
      const kept = model.entries.filter((entry) => entry.index < first);
      const entries = [...kept, ...step.batch.entries];
      return { ...model, state: step.batch.state ?? model.state, entries };
    }
    case 'snapshot': {
      const entries = model.entries.filter((entry) => entry.index > step.index);
      return { ...model, snapshot: { index: step.index, term: step.term }, entries };
    }
    case 'install': {
      const { index, term } = step.snapshot;
      const held = model.entries.some((entry) => entry.index === index && entry.term === term);
      const entries = held ? model.entries.filter((entry) => entry.index > index) : [];
      return { ...model, snapshot: { index, term }, entries };
    }
    case 'beside':
      return step.steps.reduce(after, model);
    case 'synced':
    case 'recovered':
    case 'restart':
      return model;
  }
}

/** What was done for sure, and what may have been done. */
export interface Progress {
  readonly done: Step[];
  readonly pending: Set<Step>;
}

/** Every state that is right after a crash: any of what was under way may have happened. */
export function allowed(progress: Progress): Model[] {
  let sets: Step[][] = [progress.done];
  for (const step of progress.pending) sets = sets.flatMap((set) => [set, [...set, step]]);
  return sets.map(modelOf);
}

/** What matters of a restored state, in the form of a model. */
export function asModel(restored: Restored): Model {
  const { snapshot, entries, state } = restored;
  return {
    founded: restored.identity !== null,
    state,
    snapshot: snapshot === null ? null : { index: snapshot.index, term: snapshot.term },
    entries,
  };
}

/** As storage says it: no older term than that of the snapshot or of the last entry. */
function withTerm(model: Model): Model {
  const term = Math.max(model.snapshot?.term ?? 0, model.entries.at(-1)?.term ?? 0);
  return term > model.state.term ? { ...model, state: hardState(term) } : model;
}

export function expectAllowed(restored: Restored, models: readonly Model[], where: string): void {
  const found = asModel(restored);
  if (models.some((model) => Bun.deepEquals(withTerm(model), found))) return;
  // Of a torn batch the term and the vote may be kept without the entries.
  const kept = restored.tail === 'torn' ? models.map(({ state }) => state) : [];
  for (const state of kept) {
    if (models.some((model) => Bun.deepEquals(withTerm({ ...model, state }), found))) return;
  }
  expect({ where, found }).toEqual({ where, found: withTerm(models[0] ?? EMPTY) });
}

export function open(disk: MemoryDisk): { storage: JsonlStorage; restored: Promise<Restored> } {
  const storage = new JsonlStorage(disk, {
    pause: () => Promise.resolve(),
    now: () => 0,
    reserveBytes: 2000,
    segmentBytes: 3000,
  });
  return { storage, restored: storage.open(null) };
}

/** Runs a script until it ends or the disk stops answering. */
export async function run(
  disk: MemoryDisk,
  steps: readonly Step[],
  stopped: Promise<void>,
): Promise<Progress> {
  const progress: Progress = { done: [], pending: new Set() };
  const script = async (): Promise<void> => {
    let { storage, restored } = open(disk);
    await restored;
    for (const step of steps) {
      if (step.type === 'restart') {
        await storage.close();
        ({ storage, restored } = open(disk));
        await restored;
      } else {
        await perform(storage, step, progress);
      }
    }
  };
  await Promise.race([script(), stopped]);
  return progress;
}

async function perform(storage: JsonlStorage, step: Step, progress: Progress): Promise<void> {
  if (step.type === 'beside') {
    await Promise.all(step.steps.map((inner) => perform(storage, inner, progress)));
    return;
  }
  progress.pending.add(step);
  await call(storage, step);
  progress.pending.delete(step);
  progress.done.push(step);
}

async function call(storage: JsonlStorage, step: Step): Promise<void> {
  switch (step.type) {
    case 'found':
      return storage.create(IDENTITY);
    case 'append':
      return storage.append(step.batch);
    case 'synced':
      return storage.markSynced();
    case 'recovered':
      return storage.markRecovered();
    case 'snapshot':
      await storage.saveSnapshot(meta(step.index, step.term), snapshotLines(step.index, 30));
      return;
    case 'install': {
      let offset = await storage.beginReceive(step.snapshot);
      while (offset < step.bytes.length) {
        offset = await storage.receiveChunk(offset, step.bytes.subarray(offset, offset + 1000));
      }
      await storage.finishReceive();
      return storage.installSnapshot(step.snapshot);
    }
    case 'restart':
    case 'beside':
      throw new Error(`${step.type} is no call`);
  }
}

/** A disk whose operation `number` never completes; a write is in the page cache all the same. */
export function disksThatStop(number: number): {
  readonly options: MemoryDiskOptions;
  readonly stopped: Promise<void>;
  readonly hit: () => boolean;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  let hit = false;
  const options: MemoryDiskOptions = {
    schedule: (complete, operation) => {
      if (hit) return;
      if (operation.number === number) {
        hit = true;
        resolve();
      } else {
        queueMicrotask(complete);
      }
    },
  };
  return { options, stopped: promise, hit: () => hit };
}

/** Whether this kind of crash can leave something that looks like damage. */
export function mayTear(mode: CrashMode): boolean {
  return mode === 'sectors' || mode === 'zeros' || mode === 'mixed';
}

export async function readAll(storage: JsonlStorage, restored: Restored): Promise<void> {
  const { snapshot } = restored;
  if (snapshot === null) return;
  expect(await collect(storage.readSnapshot(snapshot))).toEqual(snapshotLines(snapshot.index, 30));
}

export function prngOf(...parts: number[]): Prng {
  return new Prng(parts.reduce((seed, part) => (seed * 1009 + part) % 2 ** 48, 7));
}

/** Every line of every file but the copies of torn tails is JSON. */
export function expectReadable(disk: MemoryDisk): void {
  for (const path of disk.paths()) {
    if (path.endsWith('.torn') || path.endsWith('.damaged') || path.endsWith('.tmp')) continue;
    const text = Buffer.from(disk.contents(path)).toString('utf8');
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.trimEnd().split('\n');
    for (const line of lines) expect(() => void JSON.parse(line)).not.toThrow();
  }
}
