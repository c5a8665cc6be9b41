import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { put } from '../support/client.ts';
import { until } from '../support/poll.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { recorded } from '../support/strace.ts';
import { tempDir } from '../support/temp-dir.ts';

const KEYS = Array.from({ length: 8 }, (_, n) => `proof-${n}`);

/** Where in the record, from a line on, the first line is that fits. */
function indexOf(lines: readonly string[], from: number, fits: (line: string) => boolean): number {
  const found = lines.slice(from).findIndex(fits);
  return found < 0 ? -1 : from + found;
}

/** The thread's call that was begun at a line has returned 0 at the line found. */
function returned(lines: readonly string[], begun: number, call: string): number {
  const line = lines[begun] ?? '';
  if (!line.includes('unfinished')) return line.endsWith('= 0') ? begun : -1;
  const [thread = ''] = line.split(' ');
  const resumed = `<... ${call} resumed>`;
  return indexOf(lines, begun, (later) => {
    return later.startsWith(`${thread} `) && later.includes(resumed) && later.endsWith('= 0');
  });
}

/** The answer to a write, on its way to the client. */
function isAnswer(line: string, key: string): boolean {
  return / (sendto|sendmsg|writev?)\(/.test(line) && line.includes(`{\\"key\\":\\"${key}\\"`);
}

test('system calls: write, then fdatasync of the same file, and only then the answer', async () => {
  using dir = tempDir();
  const file = join(dir.path, 'trace');
  await using cluster = await ProcessCluster.start({ size: 1, wrapper: () => recorded(file) });
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('no node');
  for (const key of KEYS) {
    expect(await put(node.url, key, 'value')).toMatchObject({ type: 'ok' });
  }
  expect(await node.stop()).toBe(0);
  const lines = await until('the last answer is on record', () => {
    const record = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    return record.some((line) => isAnswer(line, KEYS.at(-1) ?? '')) && record;
  });

  for (const key of KEYS) {
    const isLog = (line: string): boolean => /\/wal\/[0-9]+-[0-9]+\.jsonl/.test(line);
    const written = indexOf(lines, 0, (line) => {
      return /write/.test(line) && isLog(line) && line.includes(`\\"key\\":\\"${key}\\"`);
    });
    const syncing = indexOf(lines, written, (line) => /fdatasync\(/.test(line) && isLog(line));
    const synced = returned(lines, syncing, 'fdatasync');
    const answered = indexOf(lines, 0, (line) => isAnswer(line, key));
    expect(written).toBeGreaterThan(0);
    expect(syncing).toBeGreaterThan(written);
    expect(synced).toBeGreaterThanOrEqual(syncing);
    expect(answered).toBeGreaterThan(synced);
  }
}, 30_000);
