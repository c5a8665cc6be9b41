import type { Disk } from './disk.ts';
import { createAnew, openIfThere, writeFully } from './file-write.ts';
import { DamageError, type Fence } from './storage.ts';
import { parseJson } from './wal-line.ts';

/** Says that a node must not start on this directory any more, and why. */
const FENCE_PATH = 'fenced.json';

const FORMAT = 1;

/** Resolves when the mark is durable, with what is said of it from then on. */
export async function writeFence(disk: Disk, fence: Fence): Promise<DamageError> {
  const { memberId, index, hash, majorityHash } = fence;
  const mark = { format: FORMAT, memberId, index, hash, majorityHash };
  const file = await createAnew(disk, FENCE_PATH);
  try {
    await writeFully(file, FENCE_PATH, new TextEncoder().encode(`${JSON.stringify(mark)}\n`));
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.syncDirectory('.');
  return fencedError(fence);
}

/**
 * Lets a directory without the mark pass. That the mark is there is enough: a crash may have left
 * it without its content.
 *
 * @throws DamageError
 */
export async function refuseFenced(disk: Disk): Promise<void> {
  const file = await openIfThere(disk, FENCE_PATH);
  if (file === null) return;
  try {
    const bytes = await file.read(0, await file.size());
    throw fencedError(fenceIn(new TextDecoder().decode(bytes)));
  } finally {
    await file.close();
  }
}

/** What is said of a node that differs from the others; null when it is not known how. */
function fencedError(fence: Fence | null): DamageError {
  const who = fence === null ? '<id>' : fence.memberId;
  const seen =
    fence === null
      ? 'the state of this node was seen to differ from that of a majority'
      : `after entry ${fence.index} the state of this node had the hash ${fence.hash}, and that ` +
        `of a majority ${fence.majorityHash}`;
  return new DamageError(
    FENCE_PATH,
    0,
    seen,
    'What is here cannot be trusted, and nothing mends it: remove the member from the cluster ' +
      `(member remove ${who}), and join again with an empty directory.`,
  );
}

function fenceIn(text: string): Fence | null {
  const mark = parseJson(text);
  if (typeof mark !== 'object' || mark === null) return null;
  const { memberId, index, hash, majorityHash } = mark as Partial<Fence>;
  const isWhole =
    typeof memberId === 'string' &&
    typeof index === 'number' &&
    typeof hash === 'string' &&
    typeof majorityHash === 'string';
  return isWhole ? { memberId, index, hash, majorityHash } : null;
}
