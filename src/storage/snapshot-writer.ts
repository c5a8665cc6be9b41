import { assert } from '../lib/assert.ts';
import type { ClusterId } from '../lib/ids.ts';
import type { SnapshotMeta } from '../raft/ready.ts';
import { Sha256 } from './checksum.ts';
import type { Disk } from './disk.ts';
import { createAnew } from './file-write.ts';
import type { Pace } from './pace.ts';
import { SlicedWriter } from './sliced-writer.ts';
import { encodeHeader, encodeTrailer } from './snapshot-file.ts';
import type { SnapshotFile } from './storage.ts';

/**
 * Writes a whole snapshot file under a temporary name; it is durable when this resolves.
 *
 * @param requireRoom asked after every slice; it throws when the disk has no room to spare.
 */
export async function writeSnapshot(
  disk: Disk,
  path: string,
  clusterId: ClusterId,
  meta: SnapshotMeta,
  lines: Iterable<string>,
  pace: Pace,
  requireRoom: () => Promise<void>,
): Promise<SnapshotFile> {
  const hash = new Sha256();
  const file = await createAnew(disk, path);
  try {
    const writer = new SlicedWriter(file, path, pace, (bytes) => hash.update(bytes));
    writer.add(encodeHeader(clusterId, meta));
    let count = 0;
    for (const line of lines) {
      assert(!line.includes('\n'), () => `line ${count} of snapshot ${meta.index} is broken`);
      count += 1;
      if (!writer.add(`${line}\n`)) continue;
      await writer.flush();
      await requireRoom();
    }
    await writer.flush();
    writer.add(encodeTrailer({ lines: count, sha256: hash.hex() }));
    await writer.finish();
    const { index, term, configuration } = meta;
    return { index, term, configuration, bytes: writer.bytes, hash: hash.hex() };
  } finally {
    await file.close();
  }
}
