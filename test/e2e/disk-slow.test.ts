import { expect, test } from 'bun:test';
import { put } from '../support/client.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { slowSyncs } from '../support/strace.ts';
import { expectKept } from '../support/writers.ts';

const SYNC_MS = 300;
const LARGE = 'x'.repeat(1500);

// Every fdatasync takes as long as the shortest election timeout, on all nodes, with default flags.
test.each([1, 3])(
  'a cluster of %d on disks of 300 ms a sync elects, works, and acknowledges nothing early',
  async (size) => {
    // Snapshots, which sync too, come often.
    const args = ['--snapshot-wal-bytes', '64KiB'];
    const wrapper = (): readonly string[] => slowSyncs(SYNC_MS);
    await using cluster = await ProcessCluster.start({ size, args, wrapper });
    const leader = await cluster.leader();
    const pairs: [string, string][] = [];
    for (let i = 0; i < 6; i += 1) {
      // With pauses longer and shorter than the 50 ms after which an idle log is marked.
      await Bun.sleep(i % 2 === 0 ? 70 : 0);
      const url = cluster.nodes[i % size]?.url ?? '';
      const sent = performance.now();
      expect(await put(url, `slow/${i}`, `${i}`)).toMatchObject({ type: 'ok' });
      expect(performance.now() - sent).toBeGreaterThanOrEqual(SYNC_MS);
      pairs.push([`slow/${i}`, `${i}`]);
    }
    // Writes of the same time share syncs: a hundred in the time of a few.
    for (let round = 0; round < 5; round += 1) {
      const sent = performance.now();
      const together = await Promise.all(
        Array.from({ length: 100 }, (_, i) => put(leader.url, `together/${i}`, LARGE)),
      );
      expect(together.every((outcome) => outcome.type === 'ok')).toBe(true);
      expect(performance.now() - sent).toBeGreaterThanOrEqual(SYNC_MS);
      expect(performance.now() - sent).toBeLessThan(20 * SYNC_MS);
    }
    expect((await leader.status()).snapshotIndex).toBeGreaterThan(0);
    // A slow disk is no reason to give up leadership.
    for (const node of cluster.nodes) expect(node.output).not.toContain('disk-stuck');
    await expectKept(cluster.nodes, pairs);
  },
  60_000,
);
