import { writeSync } from 'node:fs';
import { DiskError } from '../../src/storage/disk.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';

/** Writes more than it is allowed to, and says on standard output what came of it. */
const file = await new NodeDisk(process.argv[2] ?? '').open('full', 'create');
const first = await file.write(new Uint8Array(200_000));
let second = '';
try {
  await file.write(new Uint8Array(1000));
} catch (error) {
  second = error instanceof DiskError ? error.code : String(error);
}
await file.close();
writeSync(1, JSON.stringify({ first, second }));
