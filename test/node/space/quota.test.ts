import { describe, expect, test } from 'bun:test';
import { bytesOfText, type ByteString } from '../../../src/lib/bytes.ts';
import type { Logger } from '../../../src/lib/logger.ts';
import type { KvProposal } from '../../../src/node/api.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { type Machine, NodeCluster, put } from '../support/node-cluster.ts';
import { watch } from '../support/outcome.ts';

const QUOTA = 60_000;
/** What a pair takes beside its key and value. */
const PAIR = 200;

function valueOf(bytes: number): string {
  return 'v'.repeat(bytes);
}

function deleteFrom(key: string): KvProposal {
  const range = { key: bytesOfText(key), end: null, open: true };
  return { kind: 'delete', ...range, condition: null, prev: false };
}

async function write(cluster: NodeCluster, machine: Machine, proposal: KvProposal) {
  return await cluster.done(machine.node.propose(proposal, cluster.context()));
}

/** Writes one key after another until the quota says no; how many were taken, and what it said. */
async function fill(cluster: NodeCluster, machine: Machine, bytes: number) {
  for (let n = 0; n < 10_000; n += 1) {
    try {
      await cluster.put(machine, `key${1000 + n}`, valueOf(bytes));
    } catch (error) {
      if (error instanceof ApiError) return { taken: n, error };
      throw error;
    }
  }
  throw new Error('the quota was never reached');
}

const limits = { quotaBytes: QUOTA };

describe('a store that is full', () => {
  test('refuses through every node, with the numbers, and takes writes after deletes', async () => {
    const cluster = await NodeCluster.of(3, { limits });
    const follower = await cluster.follower();
    const { taken, error } = await fill(cluster, follower, 1000);
    expect([error.code, error.applied]).toEqual(['quota-exceeded', 'no']);
    expect(taken).toBe(Math.floor(QUOTA / (PAIR + 7 + 1000)));
    const sizeBytes = (await cluster.settled()).node.store.sizeBytes;
    expect(error.fields).toMatchObject({ sizeBytes, quotaBytes: QUOTA });
    expect(follower.node.store.get(bytesOfText('key1000'))?.value).toHaveLength(1000);
    await write(cluster, follower, deleteFrom('key1001'));
    expect((await cluster.put(follower, 'key1001', valueOf(1000))).type).toBe('put');
    const again = await fill(cluster, follower, 1000);
    expect(again.taken).toBeGreaterThan(0);
  });

  test('of tombstones alone, too: they stand in nobody’s way', async () => {
    const cluster = await NodeCluster.of(1, { limits });
    const leader = await cluster.settled();
    const { taken } = await fill(cluster, leader, 0);
    await write(cluster, leader, deleteFrom('a'));
    expect((await fill(cluster, leader, 0)).taken).toBe(taken);
  });

  test('takes what shrinks it, and what ends', async () => {
    const cluster = await NodeCluster.of(1, { limits });
    const leader = await cluster.settled();
    await fill(cluster, leader, 1000);
    const key = bytesOfText('key1000');
    const txn: KvProposal = {
      kind: 'txn',
      compare: [],
      success: [{ type: 'delete', key }],
      failure: [{ type: 'get', key }],
    };
    expect(await write(cluster, leader, txn)).toMatchObject({ type: 'txn', succeeded: true });
    const { revision } = leader.node.store;
    const compacted = await write(cluster, leader, { kind: 'compact', revision });
    expect(compacted.type).toBe('compact');
  });

  test('takes a write of the size it has', async () => {
    const cluster = await NodeCluster.of(1, { limits });
    const leader = await cluster.settled();
    await fill(cluster, leader, 1000);
    expect((await cluster.put(leader, 'key1000', valueOf(1000))).type).toBe('put');
  });
});

describe('history', () => {
  test('never uses the quota up, one write at a time or many', async () => {
    const cluster = await NodeCluster.of(3, { limits });
    const leader = await cluster.settled();
    for (let n = 0; n < 200; n += 1) await cluster.put(leader, 'a', valueOf(2000));
    for (let round = 0; round < 10; round += 1) {
      const writes = Array.from({ length: 40 }, () =>
        watch(leader.node.propose(put('a', valueOf(2000)), cluster.context())),
      );
      await cluster.clock.until('all', () => writes.every(({ code }) => code !== 'open'));
      expect(new Set(writes.map(({ code }) => code))).toEqual(new Set(['resolved']));
    }
    expect(leader.node.store.compactRevision).toBeGreaterThan(0);
  });

  test('goes though one value is more than half of the quota', async () => {
    const cluster = await NodeCluster.of(1, { limits });
    const leader = await cluster.settled();
    for (let n = 0; n < 5; n += 1) await cluster.put(leader, 'a', valueOf(QUOTA * 0.7));
    expect(leader.node.store.revision).toBe(6);
  });

  test('counts where it does not go by itself, until it is compacted', async () => {
    const cluster = await NodeCluster.of(1, { limits: { ...limits, autoCompaction: false } });
    const leader = await cluster.settled();
    const refused = async () => {
      for (let n = 0; n < 100; n += 1) {
        const code = await cluster.put(leader, 'a', valueOf(2000)).then(
          () => null,
          (error: unknown) => (error instanceof ApiError ? error.code : error),
        );
        if (code !== null) return code;
      }
      return null;
    };
    expect(await refused()).toBe('quota-exceeded');
    const { revision } = leader.node.store;
    await write(cluster, leader, { kind: 'compact', revision });
    expect((await cluster.put(leader, 'a', valueOf(2000))).type).toBe('put');
  });
});

describe('a write', () => {
  test('that alone does not fit is refused by an empty store', async () => {
    const cluster = await NodeCluster.of(1, { limits });
    const leader = await cluster.settled();
    const large = cluster.put(leader, 'a', valueOf(QUOTA));
    expect(await large.catch((error: unknown) => (error as ApiError).code)).toBe('quota-exceeded');
    expect((await cluster.put(leader, 'a', '1')).type).toBe('put');
  });

  test('among many at once is taken only if it fits', async () => {
    const cluster = await NodeCluster.of(3, { limits });
    const leader = await cluster.settled();
    const writes = Array.from({ length: 100 }, (_, n) =>
      watch(leader.node.propose(put(`key${1000 + n}`, valueOf(1000)), cluster.context())),
    );
    await cluster.clock.until('all', () => writes.every(({ code }) => code !== 'open'));
    const taken = writes.filter(({ code }) => code === 'resolved');
    expect(taken).toHaveLength(Math.floor(QUOTA / (PAIR + 7 + 1000)));
    expect(leader.node.store.sizeBytes).toBeLessThanOrEqual(QUOTA);
  });

  test('is counted with its leases, and all that a transaction may put', async () => {
    const cluster = await NodeCluster.of(1, { limits: { quotaBytes: 2000 } });
    const leader = await cluster.settled();
    const key = (name: string): ByteString => bytesOfText(name);
    const value = bytesOfText(valueOf(500));
    const large: KvProposal = {
      kind: 'txn',
      compare: [],
      success: [],
      failure: [1, 2, 3].map((n) => ({ type: 'put', key: key(`k${n}`), value }) as const),
    };
    const refusal = write(cluster, leader, large);
    expect(await refusal.catch((error: unknown) => (error as ApiError).code)).toBe(
      'quota-exceeded',
    );
    const codes: unknown[] = [];
    for (let n = 1; n <= 7; n += 1) {
      const grant = { kind: 'lease-grant', id: String(n), ttl: 100 } as unknown as KvProposal;
      const code = await write(cluster, leader, grant).then(
        ({ type }) => type,
        (error: unknown) => (error as ApiError).code,
      );
      codes.push(code);
    }
    expect(codes).toEqual([...Array.from({ length: 6 }, () => 'lease-granted'), 'quota-exceeded']);
  });
});

test('that the quota is reached, and kept again, is said once', async () => {
  const lines: string[] = [];
  const logger: Logger = {
    enabled: (level) => level !== 'debug' && level !== 'trace',
    log: (level, _family, message) => {
      if (message.startsWith('quota')) lines.push(`${level} ${message}`);
    },
  };
  const cluster = await NodeCluster.of(1, { limits, logger });
  const leader = await cluster.settled();
  await fill(cluster, leader, 1000);
  await fill(cluster, leader, 1000);
  expect(lines).toEqual(['warn quota-exceeded']);
  await cluster.clock.advance(2000);
  expect(lines).toHaveLength(1);
  await write(cluster, leader, deleteFrom('key1001'));
  await cluster.clock.advance(2000);
  expect(lines).toEqual(['warn quota-exceeded', 'info quota-kept']);
});
