import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterId, MemberId } from '../../src/lib/ids.ts';
import type { Configuration } from '../../src/raft/configuration.ts';
import { createEntry, type Entry, type HardState } from '../../src/raft/entry.ts';
import type { SnapshotMeta } from '../../src/raft/ready.ts';
import type { Disk } from '../../src/storage/disk.ts';
import { JsonlStorage, type JsonlStorageOptions } from '../../src/storage/jsonl-storage.ts';
import type { Batch, Identity } from '../../src/storage/storage.ts';

export const IDENTITY: Identity = {
  clusterId: '77' as ClusterId,
  memberId: '11' as MemberId,
  node: { port: 8080, name: 'n1', 'enable-faults': false },
};

export const CONFIGURATION: Configuration = {
  members: [
    {
      id: '11' as MemberId,
      name: 'n1',
      peerUrls: ['http://127.0.0.1:8080'],
      clientUrls: ['http://127.0.0.1:8080'],
      learner: false,
      autoPromote: false,
      active: true,
    },
  ],
  removed: [],
  clusterVersion: 1,
};

/** An entry whose command has every kind of character that JSON or UTF-8 treats in its own way. */
export function entry(index: number, term: number, text = `v${index}\n"\\\u0000é\u00ff{}`): Entry {
  const command = { v: 1, kind: 'put', requestId: null, at: index, by: null, value: text };
  return createEntry(index, term, command);
}

export function entries(from: number, to: number, term: number): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => entry(from + offset, term));
}

export function batch(items: readonly Entry[], state: HardState | null = null): Batch {
  return { entries: items, state };
}

export function hardState(term: number, vote: string | null = null): HardState {
  return { term, vote: vote as MemberId | null };
}

export function meta(index: number, term: number): SnapshotMeta {
  return { index, term, configuration: CONFIGURATION };
}

export function snapshotLines(index: number, count = 3): string[] {
  return Array.from({ length: count }, (_, at) => JSON.stringify([`key${at}`, index, 'é\u00ff\n']));
}

/** A storage whose background work never has to wait. */
export function storageOn(disk: Disk, options: Partial<JsonlStorageOptions> = {}): JsonlStorage {
  return new JsonlStorage(disk, {
    pause: () => Promise.resolve(),
    now: () => 0,
    reserveBytes: 0,
    ...options,
  });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The error a promise rejects with; fails the test when it resolves. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('this was expected to fail');
}

export async function withDirectory<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'abcd-storage-'));
  try {
    return await use(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}
