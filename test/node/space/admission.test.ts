import { describe, expect, test } from 'bun:test';
import type { LeaseId, TxnOp } from '../../../src/kv/command.ts';
import { bytesOfText } from '../../../src/lib/bytes.ts';
import { Admission } from '../../../src/node/space/admission.ts';
import type { KvProposal } from '../../../src/node/api.ts';
import { DEFAULT_LIMITS } from '../../../src/node/options.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { ApiError } from '../../../src/wire/errors.ts';
import { turn } from '../support/manual-clock.ts';
import { NodeCluster, put } from '../support/node-cluster.ts';
import { watch } from '../support/outcome.ts';

const MIB = 2 ** 20;
const NOTHING = { count: 0, bytes: 0 };
const KEY = bytesOfText('k');
const ID = '7' as LeaseId;
const PUT = put('k', 'v');
const DELETE: KvProposal = {
  kind: 'delete',
  key: KEY,
  end: null,
  open: false,
  condition: null,
  prev: false,
};
const READ: TxnOp = { type: 'get', key: KEY };
const ERASE: TxnOp = { type: 'delete', key: KEY };
const WRITE: TxnOp = { type: 'put', key: KEY, value: KEY };

function txn(success: readonly TxnOp[], failure: readonly TxnOp[] = []): KvProposal {
  return { kind: 'txn', compare: [], success, failure };
}

function setup(freeBytes: number) {
  const world = { freeBytes, looks: 0 };
  const failures: unknown[] = [];
  const storage = {
    freeBytes: () => {
      world.looks += 1;
      return Promise.resolve(world.freeBytes);
    },
  } as unknown as Storage;
  const limits = { ...DEFAULT_LIMITS, reserveBytes: 64 * MIB };
  const admission = new Admission(storage, limits, (error) => failures.push(error));
  const codeOf = (proposal: KvProposal, waiting = NOTHING): string => {
    try {
      admission.check(proposal, waiting);
      return 'taken';
    } catch (error) {
      return error instanceof ApiError ? error.code : String(error);
    }
  };
  return { world, admission, codeOf };
}

describe('a leader whose disk is nearly full', () => {
  test('takes deletes alone, until there is room again', async () => {
    const { world, admission, codeOf } = setup(128 * MIB - 1);
    await admission.look();
    expect([codeOf(PUT), codeOf(DELETE)]).toEqual(['disk-full', 'taken']);
    world.freeBytes = 128 * MIB;
    await admission.look();
    expect(codeOf(PUT)).toBe('taken');
  });

  test('takes what ends or keeps something, and nothing that adds', async () => {
    const { admission, codeOf } = setup(0);
    await admission.look();
    const taken: readonly KvProposal[] = [
      { kind: 'compact', revision: 3 },
      { kind: 'lease-revoke', id: ID },
      { kind: 'lease-keepalive', id: ID },
      { kind: 'lease-expire', id: ID, epoch: 1, term: 1 },
      { kind: 'lease-checkpoint', term: 1, leases: [] },
      txn([READ, ERASE], [ERASE]),
      txn([], [{ type: 'txn', compare: [], success: [ERASE], failure: [] }]),
    ];
    expect(taken.map((proposal) => codeOf(proposal))).toEqual(taken.map(() => 'taken'));
    const refused: readonly KvProposal[] = [
      { kind: 'lease-grant', id: ID, ttl: 5 },
      txn([ERASE], [WRITE]),
      txn([], [{ type: 'txn', compare: [], success: [], failure: [WRITE] }]),
      { kind: 'txn', compare: [], success: [ERASE], failure: [], grant: { id: ID, ttl: 5 } },
    ];
    expect(refused.map((proposal) => codeOf(proposal))).toEqual(refused.map(() => 'disk-full'));
  });

  test('counts what it has taken since it looked', async () => {
    const { admission, codeOf } = setup(129 * MIB);
    await admission.look();
    expect(codeOf(PUT)).toBe('taken');
    admission.took(2 * MIB);
    expect(codeOf(PUT)).toBe('disk-full');
  });

  test('looks now and then', async () => {
    const { admission, world } = setup(200 * MIB);
    for (let tick = 0; tick < 100; tick += 1) {
      admission.tick();
      await turn();
    }
    expect(world.looks).toBe(2);
  });
});

test('a leader that has too much to commit takes no more, deletes neither', async () => {
  const { admission, codeOf } = setup(200 * MIB);
  await admission.look();
  const { pendingProposals, pendingBytes } = DEFAULT_LIMITS;
  expect(codeOf(PUT, { count: pendingProposals - 1, bytes: 0 })).toBe('taken');
  expect(codeOf(PUT, { count: pendingProposals, bytes: 0 })).toBe('too-many-requests');
  expect(codeOf(DELETE, { count: 0, bytes: pendingBytes })).toBe('too-many-requests');
});

test('a leader that cannot commit does not fill its log with what nobody waits for', async () => {
  const cluster = await NodeCluster.of(3, { limits: { pendingProposals: 5 } });
  const leader = await cluster.settled();
  // Heartbeats are answered, and so it goes on leading; entries never arrive.
  for (const machine of cluster.machines) {
    if (machine === leader) continue;
    machine.hold = ({ kind, path }) => kind === 'sync' && path.startsWith('wal');
  }
  const { lastIndex } = leader.node.status();
  const codes = new Set<string>();
  for (let round = 0; round < 10; round += 1) {
    const writes = [1, 2, 3].map((n) =>
      watch(leader.node.propose(put(`k${n}`, '1'), cluster.context(100))),
    );
    await cluster.clock.advance(110);
    for (const { code } of writes) codes.add(code);
  }
  expect(leader.node.status().role).toBe('leader');
  expect([...codes].toSorted()).toEqual(['timeout', 'too-many-requests']);
  expect(leader.node.status().lastIndex - lastIndex).toBe(5);
  for (const machine of cluster.machines) machine.release();
  await cluster.clock.advance(500);
  expect((await cluster.put(leader, 'a', '1')).type).toBe('put');
});
