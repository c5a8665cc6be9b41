/**
 * THE TABLE: each row is one attack over a connection of its own on a node of a real process, and
 * what must become of it. After each the node runs on with the same state, and a bystander was
 * served meanwhile (support/siege.ts).
 */
import { afterAll, beforeAll, describe, test } from 'bun:test';
import { ADMIN_ROWS } from './rows-admin.ts';
import { MALFORMED_ROWS } from './rows-malformed.ts';
import { SIZE_ROWS } from './rows-sizes.ts';
import { expectRow, type Row } from './support/row.ts';
import { Siege } from './support/siege.ts';

let siege: Siege;

beforeAll(async () => {
  siege = await Siege.begin({ size: 1 });
});

afterAll(async () => {
  process.stdout.write(`one node: ${siege.summary()}\n`);
  await siege[Symbol.asyncDispose]();
});

const GROUPS: readonly (readonly [string, readonly Row[]])[] = [
  ['too much', SIZE_ROWS],
  ['no sense', MALFORMED_ROWS],
  ['who asks', ADMIN_ROWS],
];

for (const [group, rows] of GROUPS) {
  describe(group, () => {
    test.each(rows.map((row) => [row.topic, row.what, row] as const))(
      '%s: %s',
      async (_, __, row) => {
        await siege.withstand(() => expectRow(row, siege.node.port), row);
      },
    );
  });
}
