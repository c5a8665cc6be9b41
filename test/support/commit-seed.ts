/**
 * A number that is another for each commit, and the same wherever and how often its tests run: what
 * is drawn from it is new with every change, and a failure can be repeated anywhere. Outside of a
 * repository it is drawn by chance.
 */
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');

/** From 1 to 2^32. */
export function seedOfCommit(): number {
  const git = Bun.spawnSync(['git', 'rev-parse', 'HEAD'], { cwd: ROOT, stderr: 'ignore' });
  const commit = git.success ? git.stdout.toString().trim() : crypto.randomUUID();
  return 1 + Bun.hash.crc32(commit);
}
