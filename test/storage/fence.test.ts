import { expect, test } from 'bun:test';
import type { ClusterId, MemberId } from '../../src/lib/ids.ts';
import { Prng } from '../../src/lib/prng.ts';
import { writeFence } from '../../src/storage/fence.ts';
import { JsonlStorage } from '../../src/storage/jsonl-storage.ts';
import { MemoryDisk } from '../../src/storage/memory-disk.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import { DamageError } from '../../src/storage/storage.ts';
import { turn } from '../node/support/manual-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const IDENTITY = { clusterId: '77' as ClusterId, memberId: '5' as MemberId, node: {} };
const FENCE = {
  memberId: IDENTITY.memberId,
  index: 12,
  hash: '00000000000000aa',
  majorityHash: '00000000000000bb',
};

function storageOn(disk: MemoryDisk | NodeDisk): JsonlStorage {
  const pause = () => Promise.resolve();
  return new JsonlStorage(disk, { reserveBytes: 0, pause, now: () => 0 });
}

async function refusalOf(disk: MemoryDisk | NodeDisk): Promise<DamageError> {
  const error: unknown = await storageOn(disk)
    .open(IDENTITY)
    .catch((thrown: unknown) => thrown);
  if (error instanceof DamageError) return error;
  throw new Error(`it opened: ${String(error)}`);
}

test('a fenced directory is refused for ever, with the reason and what to do', async () => {
  using temp = tempDir();
  const disk = new NodeDisk(temp.path);
  const storage = storageOn(disk);
  await storage.open(IDENTITY);
  const said = await storage.fence(FENCE);
  await storage.close();
  for (let start = 0; start < 2; start += 1) {
    const refusal = await refusalOf(disk);
    expect(refusal.message).toBe(said.message);
    for (const word of ['fenced.json', 'entry 12', FENCE.hash, FENCE.majorityHash, 'remove 5']) {
      expect(refusal.message).toContain(word);
    }
  }
});

test('the mark survives a power cut once it is made, and counts without its content', async () => {
  const disk = new MemoryDisk();
  const storage = storageOn(disk);
  await storage.open(IDENTITY);
  await storage.fence(FENCE);
  const left = disk.crash(new Prng(1), 'drop');
  expect((await refusalOf(left)).message).toContain('entry 12');

  const other = new MemoryDisk();
  const empty = await other.open('fenced.json', 'create');
  await empty.close();
  expect((await refusalOf(other)).message).toContain('differ from that of a majority');
});

test('a directory can be fenced after a failure of its disk', async () => {
  let fails = false;
  const disk = new MemoryDisk({
    fault: ({ kind, path }) => {
      const isHit = fails && kind === 'sync' && path !== 'fenced.json';
      return isHit ? { type: 'error', code: 'EIO' } : null;
    },
  });
  const storage = storageOn(disk);
  await storage.open(IDENTITY);
  fails = true;
  const batch = { state: { term: 3, vote: null }, entries: [] };
  expect(await storage.append(batch).catch(() => 'failed')).toBe('failed');
  expect(await storage.fence(FENCE)).toBeInstanceOf(DamageError);
});

test('the mark is said to be made when it would survive a power cut, and not before', async () => {
  let held = 0;
  for (let point = 1; ; point += 1) {
    let operations = 0;
    const disk = new MemoryDisk({
      schedule: (complete) => {
        operations += 1;
        if (operations !== point) queueMicrotask(complete);
      },
    });
    let said = false;
    void writeFence(disk, FENCE).then(() => {
      said = true;
    });
    await turn();
    if (operations < point) break;
    held += 1;
    expect({ point, said }).toEqual({ point, said: false });
  }
  expect(held).toBeGreaterThan(4);
});
