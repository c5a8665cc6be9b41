import { expect, test } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { get, put } from '../support/client.ts';
import { abcd } from '../support/command-line.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { corruptSnapshot } from '../support/state-surgery.ts';
import { expectKept, storeHashes, writeAll } from '../support/writers.ts';

const ARGS = ['--hash-check-interval', '300ms'];
const REFUSED_EXIT = 2;

function pairs(prefix: string): [string, string][] {
  return Array.from({ length: 50 }, (_, n) => [`${prefix}/${n}`, `value ${n}`]);
}

test('a node whose state differs from the others is fenced, and replaced as it says', async () => {
  await using cluster = await ProcessCluster.start({ args: ARGS });
  await writeAll(cluster.nodes, pairs('before'), 4);
  await cluster.converged();
  const [wrong, ...rest] = await cluster.followers();
  const helper = await cluster.leader();
  if (wrong === undefined) throw new Error('no follower');
  const sound = [...rest, helper];
  const { id } = await wrong.status();
  // A backup is a snapshot of the node that is asked.
  await (await fetch(`${wrong.url}/backup`)).bytes();
  expect(await wrong.stop()).toBe(0);
  const dataDir = cluster.dataDir(wrong);
  corruptSnapshot(dataDir, 'before/7', 'nobody wrote this');

  const said = wrong.output.length;
  // Nothing on its disk looks wrong: it starts, and takes part, until the states are compared.
  expect(await wrong.restart().exited).toBe(REFUSED_EXIT);
  const mark = JSON.parse(readFileSync(join(dataDir, 'fenced.json'), 'utf8')) as {
    hash: string;
    majorityHash: string;
  };
  const message = wrong.output.slice(said);
  for (const word of ['this node is fenced', mark.hash, mark.majorityHash, `member remove ${id}`]) {
    expect(message).toContain(word);
  }
  expect(mark.hash).not.toBe(mark.majorityHash);
  const again = wrong.output.length;
  expect(await wrong.restart().exited).toBe(REFUSED_EXIT);
  expect(wrong.output.slice(again)).toContain(`member remove ${id}`);

  await writeAll(sound, pairs('without'), 4);
  expect(await get(helper.url, 'before/7')).toMatchObject({ body: { value: 'value 7' } });
  const removed = await abcd('member', 'remove', id, '--endpoints', helper.url);
  expect(removed.exitCode).toBe(0);
  rmSync(dataDir, { recursive: true });
  const place = ['--port', `${wrong.port}`, '--data-dir', dataDir];
  await wrong.restart([...place, '--join', helper.url]).up();
  await until('it is a voter', async () => (await wrong.status()).role === 'follower');
  expect(await put(wrong.url, 'through/the/new/one', '1')).toMatchObject({ type: 'ok' });
  await cluster.converged();
  await expectKept(cluster.nodes, [...pairs('before'), ...pairs('without')]);
  expect(new Set(await storeHashes(cluster.nodes)).size).toBe(1);
}, 60_000);
