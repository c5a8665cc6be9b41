/**
 * THE TABLE OF PEERS, against a cluster of three with a secret: at a follower, and what
 * its leader is asked. And what clients may try, at that follower.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterId, MemberId } from '../../src/lib/ids.ts';
import {
  forwardRows,
  listenersRows,
  madRows,
  type Mark,
  SECRET,
  strangersRows,
} from './rows-peers.ts';
import { ADMIN_ROWS } from './rows-admin.ts';
import { MALFORMED_ROWS } from './rows-malformed.ts';
import { SIZE_ROWS } from './rows-sizes.ts';
import type { NodeProcess } from '../support/node-process.ts';
import { expectRow, type Row } from './support/row.ts';
import { Siege } from './support/siege.ts';

let siege: Siege;

beforeAll(async () => {
  siege = await Siege.begin({ size: 3, args: ['--cluster-secret', SECRET] });
});

afterAll(async () => {
  process.stdout.write(`three nodes: ${siege.summary()}\n`);
  await siege[Symbol.asyncDispose]();
});

/** A member that nobody knows yet: it may be new. In the name of others, they would interfere. */
const STRANGER = '5' as MemberId;

async function markOf(node: NodeProcess): Promise<Mark> {
  const { id, term } = await node.status();
  const answer = await fetch(`${node.url}/cluster`);
  const { clusterId } = (await answer.json()) as { clusterId: ClusterId };
  return { port: node.port, clusterId, to: id as MemberId, from: STRANGER, term };
}

/** Each by itself, with its name in front of what went wrong. */
async function withstandAll(rows: readonly Row[], port: number): Promise<void> {
  for (const row of rows) {
    try {
      await siege.withstand(() => expectRow(row, port), row);
    } catch (error) {
      throw new Error(`${row.topic}: ${row.what}`, { cause: error });
    }
  }
}

describe('peers', () => {
  test('who has no secret is not heard', async () => {
    const mark = await markOf(siege.node);
    await withstandAll(strangersRows(mark), mark.port);
  });

  test('who has listened is not heard twice', async () => {
    const mark = await markOf(siege.node);
    await withstandAll(await listenersRows(mark), mark.port);
  });

  test('who holds the secret must make sense', async () => {
    const mark = await markOf(siege.node);
    await withstandAll(await madRows(mark), mark.port);
  });

  test('also where he asks the leader for something', async () => {
    const mark = await markOf(await siege.cluster.leader());
    await withstandAll(await forwardRows(mark), mark.port);
  });
});

/** One of every kind: the table is whole where there is one node. */
const sample = [...SIZE_ROWS, ...MALFORMED_ROWS, ...ADMIN_ROWS].filter(
  (row, i, rows) => i % 8 === 0 || rows[i - 1]?.topic !== row.topic,
);

describe('at a follower', () => {
  test.each(sample.map((row) => [row.topic, row.what, row] as const))(
    '%s: %s',
    async (_, __, row) => {
      await siege.withstand(() => expectRow(row, siege.node.port), row);
    },
  );
});

test('the secret is nowhere to be read', async () => {
  for (const path of ['/status', '/cluster', '/cluster/state', '/metrics', '/swagger/json']) {
    expect(await (await fetch(`${siege.node.url}${path}`)).text()).not.toContain(SECRET);
  }
  for (const node of siege.cluster.nodes) {
    expect(node.output).not.toContain(SECRET);
    const folder = siege.cluster.dataDir(node);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder, { recursive: true }).map(String)) {
      const path = join(folder, name);
      const { mode } = statSync(path);
      if (statSync(path).isDirectory()) continue;
      expect([name, (mode & 0o777).toString(8)]).toEqual([name, '600']);
      expect(readFileSync(path, 'latin1')).not.toContain(SECRET);
    }
  }
});
