import { expect, test } from 'bun:test';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';

const REMOVED = 'removed from the cluster; stop it, and join again with an empty directory';
/** Twice the longest election timeout: who wants votes has asked for them by then, ms. */
const TWO_ELECTIONS_MS = 1200;

test.each([
  ['with a secret', ['--cluster-secret', 'a secret of some length']],
  ['without one', []],
])(
  'a member that was away when it was removed says so, and troubles nobody (%s)',
  async (_what, args) => {
    await using cluster = await ProcessCluster.start({ args });
    const leader = await cluster.leader();
    const [gone, other] = await cluster.followers();
    if (gone === undefined || other === undefined) throw new Error('no followers');
    const { id } = await gone.status();
    await gone.stop();
    const removal = await fetch(`${leader.url}/cluster/members/${id}`, { method: 'DELETE' });
    expect(removal.status).toBe(200);

    gone.restart();
    await gone.up();
    await until(
      () => `it says why it is not ready\n${gone.output}`,
      async () => {
        const response = await fetch(`${gone.url}/readyz?verbose`);
        return response.status === 503 && (await response.text()).includes(REMOVED);
      },
    );
    const { term } = await leader.status();
    await Bun.sleep(TWO_ELECTIONS_MS);
    const [, ...said] = gone.output.split(REMOVED);
    expect(said).toHaveLength(1);
    expect(said[0]).not.toContain('election-timeout');
    expect((await leader.status()).term).toBe(term);
  },
  30_000,
);
