import { expect, test } from 'bun:test';
import { must } from '../../../src/lib/assert.ts';
import { NodeCluster } from '../support/node-cluster.ts';

test('a read asks under a number that is far from those of any earlier life', async () => {
  // The answer to a question of the life before may be on its way, and say what was so then.
  const cluster = await NodeCluster.of(1);
  const contexts: number[] = [];
  for (let life = 0; life < 8; life += 1) {
    const machine = cluster.machine(1);
    await cluster.settled();
    const { raft } = machine.node;
    const ask = raft.readIndex.bind(raft);
    raft.readIndex = (context) => {
      contexts.push(context);
      ask(context);
    };
    await cluster.done(machine.node.readBarrier(cluster.context()));
    cluster.kill(machine);
    await cluster.start(machine);
  }
  expect(contexts).toHaveLength(8);
  const ascending = contexts.toSorted((a, b) => a - b);
  for (const [at, context] of ascending.entries()) {
    const next = ascending[at + 1] ?? Number.POSITIVE_INFINITY;
    expect(next - context).toBeGreaterThan(2 ** 19);
  }
  expect(must(ascending[0], 'a context')).toBeGreaterThan(0);
});
