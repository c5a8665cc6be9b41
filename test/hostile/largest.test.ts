/** WHAT MAY BE, MAY BE: the largest requests that a setting allows do not choke the cluster. */
import { expect, test } from 'bun:test';
import { put, request } from '../support/client.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const MIB = 2 ** 20;
const VALUE = 4 * MIB;
const BODY = 8 * MIB;

test('values and transactions as large as may be, of bytes that JSON spells longest', async () => {
  const args = ['--value-bytes', '4MiB', '--request-bytes', '8MiB', '--reserve-bytes', '0'];
  const patient = ['--heartbeat', '300ms', '--election', '3s'];
  await using cluster = await ProcessCluster.start({ size: 3, args: [...args, ...patient] });
  const leader = await cluster.leader();
  const [follower = leader] = await cluster.followers();
  const patience = { timeoutMs: 20_000 };
  // Of a zero there are six characters in the log: one such value is 24 MiB of it.
  for (const node of [leader, follower]) {
    const outcome = await put(node.url, 'large', new Uint8Array(VALUE), patience);
    expect(outcome).toMatchObject({ type: 'ok' });
  }
  const half = new Uint8Array((BODY * 3) / 8 - 1024).toBase64();
  const puts = ['a', 'b'].map((key) => ({ put: { key, value: { base64: half } } }));
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ success: puts });
  expect(body.length).toBeLessThan(BODY);
  const txn = await request('POST', `${follower.url}/txn`, body, { ...patience, headers });
  expect(txn).toMatchObject({ type: 'ok' });
  expect(await put(follower.url, 'small', '1')).toMatchObject({ type: 'ok' });
  await cluster.converged();
});
