import { expect, test } from 'bun:test';
import { planCluster } from '../../../src/cli/cluster/plan.ts';
import type { Identity } from '../../../src/storage/storage.ts';

const LIST = 'n1=http://127.0.0.1:8080,n2=http://127.0.0.1:8081,n3=http://127.0.0.1:8082';

type Directories = Readonly<Record<string, Identity['node']>>;

function plan(size: number, directories: Directories = {}) {
  const shape = { size, basePort: 8080, dataDir: 'data' };
  return planCluster(shape, (dataDir) => Promise.resolve(directories[dataDir] ?? null));
}

function founder(port: string): Identity['node'] {
  return { port, cluster: LIST };
}

test('the first start: every node with the same list', async () => {
  const nodes = await plan(3);
  expect(nodes.map(({ name, url }) => `${name}=${url}`).join()).toBe(LIST);
  const own = ['--name', 'n2', '--port', '8081', '--data-dir', 'data/n2'];
  expect(nodes[1]?.flags).toEqual([...own, '--cluster', LIST]);
});

test('a later start: the nodes know', async () => {
  const nodes = await plan(1, { 'data/n1': founder('8080') });
  expect(nodes[0]?.flags).toEqual(['--name', 'n1', '--port', '8080', '--data-dir', 'data/n1']);
});

test('a founder whose directory is gone says so, and is not quietly replaced', async () => {
  const nodes = await plan(3, { 'data/n1': founder('8080'), 'data/n2': founder('8081') });
  expect(nodes[2]?.flags.slice(-2)).toEqual(['--cluster', LIST]);
});

test('a node beyond the founders joins', async () => {
  const nodes = await plan(4, {
    'data/n1': founder('8080'),
    'data/n2': founder('8081'),
    'data/n3': founder('8082'),
  });
  expect(nodes[3]?.flags.slice(-2)).toEqual(['--join', 'http://127.0.0.1:8080']);
});

test('nodes join a first one that was founded alone', async () => {
  const nodes = await plan(2, { 'data/n1': { port: '8080' } });
  expect(nodes[1]?.flags.slice(-2)).toEqual(['--join', 'http://127.0.0.1:8080']);
});

test('other ports than before are refused', async () => {
  await expect(plan(1, { 'data/n1': founder('9000') })).rejects.toThrow(
    'data/n1 belongs to a node on port 9000, and n1 would get port 8080',
  );
});
