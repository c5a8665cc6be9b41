/** A request that a follower passes on is found in the log of the leader under its own names. */
import { expect, test } from 'bun:test';
import type { LogLevel } from '../../src/lib/logger.ts';
import { NodeCluster, put } from './support/node-cluster.ts';
import { watch } from './support/outcome.ts';

const correlation = { requestId: 'mine', traceparent: null };

/** What is logged of requests that were passed on, at a level. */
async function passedOn(least: LogLevel) {
  const fields: object[] = [];
  const cluster = await NodeCluster.of(3, {
    logger: {
      enabled: (level) => level === least,
      log: (_level, _family, message, more = {}) => {
        if (message === 'forwarded request') fields.push(more);
      },
    },
  });
  return { cluster, fields, follower: await cluster.follower() };
}

test('with the outcome', async () => {
  const { cluster, fields, follower } = await passedOn('debug');
  const context = { ...cluster.context(), correlation };
  await cluster.done(follower.node.propose(put('a', '1'), context));
  await cluster.done(follower.node.cluster(context));
  const refused = watch(follower.node.removeMember('9' as never, context));
  await cluster.clock.advance(100);
  expect(refused.code).toBe('member-not-found');
  const names = { from: follower.id, ...correlation };
  const fine = { ok: true, code: null };
  expect(fields).toEqual([
    { operation: 'propose', ...names, ...fine, ms: expect.any(Number) },
    { operation: 'cluster', ...names, ...fine, ms: expect.any(Number) },
    { operation: 'remove-member', ...names, ok: false, code: 'member-not-found', ms: 0 },
  ]);
});

test('only in a log that wants it', async () => {
  const { cluster, fields, follower } = await passedOn('info');
  await cluster.put(follower, 'a', '1');
  expect(fields).toEqual([]);
});
