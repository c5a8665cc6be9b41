import { MemoryDisk } from '../../src/storage/memory-disk.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import { describeStorage } from './storage-contract.ts';
import { storageOn, withDirectory } from './support.ts';

describeStorage('JSONL in memory', (use) => {
  const disk = new MemoryDisk();
  return use({ storage: () => storageOn(disk) });
});

describeStorage('JSONL in memory, a segment for every few batches', (use) => {
  const disk = new MemoryDisk();
  return use({ storage: () => storageOn(disk, { segmentBytes: 1000 }) });
});

describeStorage('JSONL on the file system', (use) =>
  withDirectory((path) => use({ storage: () => storageOn(new NodeDisk(path)) })),
);
