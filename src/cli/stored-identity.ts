/**
 * What a data directory says of its node, read before anything is opened for writing: the settings
 * that a node comes back with decide, among other things, which port it opens first.
 */

import { readLines } from '../storage/line-reader.ts';
import type { Disk } from '../storage/disk.ts';
import { NodeDisk } from '../storage/node-disk.ts';
import type { Identity } from '../storage/storage.ts';
import { decodeLine } from '../storage/wal-line.ts';
import { listSegments } from '../storage/wal-segment.ts';

/** `unreadable`: there is something; opening the storage will say what is wrong with it. */
export type StoredIdentity =
  | { readonly type: 'empty' }
  | { readonly type: 'known'; readonly identity: Identity }
  | { readonly type: 'unreadable' };

/** Reads the header of the newest segment of the log. */
export async function readStoredIdentity(disk: Disk): Promise<StoredIdentity> {
  const newest = (await listSegments(disk)).at(-1);
  if (newest === undefined) return { type: 'empty' };
  const file = await disk.open(newest.path, 'read');
  try {
    for await (const [first] of readLines(file, newest.path)) {
      const decoded = first === undefined ? null : decodeLine(first.bytes);
      if (decoded?.type !== 'line' || decoded.line.record.kind !== 'header') break;
      const { clusterId, memberId, node } = decoded.line.record.header;
      return { type: 'known', identity: { clusterId, memberId, node } };
    }
    return { type: 'unreadable' };
  } finally {
    await file.close();
  }
}

/** The settings a directory remembers; null when it is empty. */
export async function rememberedSettings(dataDir: string): Promise<Identity['node'] | null> {
  const stored = await readStoredIdentity(new NodeDisk(dataDir));
  if (stored.type === 'empty') return null;
  return stored.type === 'known' ? stored.identity.node : {};
}
