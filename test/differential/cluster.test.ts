/** As `etcd.test.ts`, with three nodes that take the requests in turns. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { ByteString } from '../../src/lib/bytes.ts';
import { campaign } from './support/campaign.ts';
import { Rivals } from './support/rivals.ts';
import type { System } from './support/system.ts';

let rivals: Rivals;
beforeAll(async () => {
  rivals = await Rivals.start({ nodes: 3 });
}, 60_000);
afterAll(async () => {
  await rivals[Symbol.asyncDispose]();
});

const EVERYTHING = { key: bytes('\0'), open: true } as const;

test('through every node of a cluster, by chance', async () => {
  const seeds = [1001, 1002, 1003, 1004];
  const { answers, events } = await campaign({ seeds, length: 200 }, rivals.systems);
  expect(events).toBeGreaterThan(200);
  expect(answers.size).toBeGreaterThan(15);
});

test('a lease that ends by itself takes its keys with it, in one revision', async () => {
  const [etcd, abcd] = await Promise.all(rivals.remote.map(endOfLease));
  const deletions = etcd?.events.map(({ type, pair }) => [type, pair.key, pair.modRevision]);
  expect(deletions).toEqual([
    ['delete', bytes('a'), 5],
    ['delete', bytes('b'), 5],
  ]);
  expect(abcd).toEqual(etcd as NonNullable<typeof etcd>);
});

/** What a lease of two seconds leaves: two keys are attached to it, and a third one is not. */
async function endOfLease(system: System) {
  await system.reset();
  await system.perform({ type: 'lease-grant', id: '77', ttl: 2 });
  for (const [name, lease] of [['b', { lease: '77' }], ['a', { lease: '77' }], ['c']] as const) {
    await system.perform({ type: 'put', key: bytes(name), value: bytes('1'), ...lease });
  }
  const watcher = await system.watch({ type: 'watch', ...EVERYTHING, prev: true });
  if (!('log' in watcher)) throw new Error(JSON.stringify(watcher));
  await watcher.log.reach(2);
  await watcher.close();
  const gone = await system.perform({ type: 'lease-get', id: '77' });
  const left = await system.perform({ type: 'get', ...EVERYTHING });
  return { events: watcher.log.events, gone, left };
}

function bytes(text: string): ByteString {
  return text as ByteString;
}
