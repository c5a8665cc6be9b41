/** A reader that stops reading, on a real node: it costs its budget, and nobody else anything. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { ProcessCluster } from '../../support/process-cluster.ts';
import { put } from '../../support/client.ts';
import { RawSocket } from '../../support/raw-socket.ts';
import { TextReader } from '../../support/text-reader.ts';

const VALUE = 'x'.repeat(100_000);
const READERS = 60;
/** So many of them read on in the end. */
const RESUMED = 5;

/** Bytes of memory of a process. */
function memoryOf(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

async function figureOf(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

test('a reader that stops reading is cut off, within its budget, and loses nothing', async () => {
  await using cluster = await ProcessCluster.start({ size: 1 });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  const readers = await Promise.all(
    Array.from({ length: READERS }, () => RawSocket.open(node.port)),
  );
  for (const reader of readers) {
    reader.write('GET /watch?key=a HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await reader.until((text) => text.includes(': abcd watch\n'));
    reader.pause();
  }
  const before = memoryOf(node.pid);
  let written = 0;
  let slowest = 0;
  while ((await figureOf(node.url, 'abcd_watch_slow_cancels_total')) < READERS) {
    for (let n = 0; n < 10; n += 1) {
      const begun = performance.now();
      expect((await put(node.url, 'a', VALUE)).type).toBe('ok');
      slowest = Math.max(slowest, performance.now() - begun);
      written += 1;
    }
    expect(written).toBeLessThan(400);
  }
  // What waits is shared: it is less than if each had a budget's worth of its own.
  expect(memoryOf(node.pid) - before).toBeLessThan(75e6);
  expect(slowest).toBeLessThan(1000);
  expect(await figureOf(node.url, 'etcd_debugging_mvcc_watcher_total')).toBe(0);
  const resumed = await resumesOf(readers.slice(0, RESUMED));
  for (const reader of readers) reader.close();
  for (const { revisions, next } of resumed) {
    expect(revisions).toEqual(Array.from({ length: next - 2 }, (_, n) => n + 2));
  }
  const next = resumed[0]?.next ?? 0;
  const answer = await fetch(`${node.url}/watch?key=a&revision=${next}`);
  if (answer.body === null) throw new Error('no body');
  const rest = new TextReader(answer.body);
  await rest.until('\n\n');
  for (let revision = next; revision <= written + 1; revision += 1) {
    expect(await rest.until('\n\n')).toStartWith(`id: ${revision}\n`);
  }
  await rest.cancel();
}, 60_000);

/** What each of them got once it read on, and where it is told to go on. */
async function resumesOf(readers: readonly RawSocket[]) {
  return await Promise.all(
    readers.map(async (reader) => {
      reader.resume();
      await reader.until((text) => text.includes('"reason":"slow"'));
      const { received } = reader;
      reader.close();
      const ids = received.matchAll(/\nid: (\d+)\nevent: change/g);
      const revisions = [...ids].map(([, id]) => Number(id));
      const next = Number(/"reason":"slow","revision":(\d+)/.exec(received)?.[1]);
      return { revisions, next };
    }),
  );
}
