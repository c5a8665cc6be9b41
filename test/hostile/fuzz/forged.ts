/**
 * LOGS WHOSE CHECKSUMS ARE RIGHT and whose lines make no sense: no disk does this, but somebody
 * may. A start refuses, or finds a log that the core can stand on.
 */
import { Prng } from '../../../src/lib/prng.ts';
import { checkState } from '../../../src/raft/invariants.ts';
import { Raft } from '../../../src/raft/raft.ts';
import { MemoryDisk } from '../../../src/storage/memory-disk.ts';
import { DamageError } from '../../../src/storage/storage.ts';
import { raftConfig } from '../../support/raft-members.ts';
import {
  batch,
  entries,
  hardState,
  IDENTITY,
  meta,
  snapshotLines,
  storageOn,
} from '../../storage/support.ts';
import { type Cases, type Fuzzer, note } from './fuzzer.ts';
import { oddJson } from './mutate.ts';

/** A line of the log, without its checksum. */
const LINE = /^\{"crc":"[0-9a-f]{8}","prev":"([0-9a-f]{8})",(.*)\}$/;

/** What a line says, behind its place in the log. */
const CONTENT = /"batch":\d+,(?:"last":true,)?(.*)$/;

async function written(): Promise<ReadonlyMap<string, string>> {
  const disk = new MemoryDisk();
  const storage = storageOn(disk);
  await storage.open(IDENTITY);
  await storage.append(batch(entries(1, 4, 1), hardState(1, '11')));
  await storage.saveSnapshot(meta(3, 1), snapshotLines(3));
  for (const index of [5, 6, 7]) await storage.append(batch(entries(index, index, 1)));
  await storage.markSynced();
  await storage.append(batch(entries(7, 8, 2), hardState(2)));
  await storage.close();
  return new Map(disk.paths().map((path) => [path, Buffer.from(disk.contents(path)).toString()]));
}

/** The lines in a chain again, whatever they say. */
function chained(lines: readonly string[]): string {
  let before: string | null = null;
  return lines
    .map((line) => {
      const [, prev = '00000000', rest = ''] = LINE.exec(line) ?? [];
      const body = `,"prev":"${before ?? prev}",${rest}}`;
      before = Bun.hash.crc32(body).toString(16).padStart(8, '0');
      return `{"crc":"${before}"${body}\n`;
    })
    .join('');
}

/** A line that says something else, in the form that lines have. */
function odd(prng: Prng, line: string): string {
  const [, content = '{}'] = CONTENT.exec(line) ?? [];
  const changed = JSON.stringify(oddJson(prng, parsed(content))) ?? '{}';
  const inside = changed.startsWith('{') ? changed.slice(1) : `"synced":${changed}}`;
  const place = prng.chance(0.1) ? prng.between(0, 20) : (/"batch":(\d+)/.exec(line)?.[1] ?? 1);
  const isLast = prng.chance(0.1) !== line.includes('"last":true');
  const prev = '"prev":"00000000"';
  const head = `{"crc":"00000000",${prev},"batch":${place},${isLast ? '"last":true,' : ''}`;
  return `${head}${inside}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(`{${text}`);
  } catch {
    return {};
  }
}

function forged(prng: Prng, text: string): string {
  const lines = text.trimEnd().split('\n');
  for (let n = prng.pick([1, 1, 2, 4]); n > 0; n -= 1) {
    const [a, b] = [prng.between(0, lines.length), prng.between(0, lines.length)];
    const line = lines[a] ?? '';
    if (prng.chance(0.7)) lines[a] = odd(prng, line);
    else if (prng.chance(0.5)) lines.splice(b, 0, line);
    else lines.splice(a, 1);
  }
  return chained(lines);
}

export const FORGED_FUZZER: Fuzzer = {
  name: 'forged',
  start: async (): Promise<Cases> => {
    const files = await written();
    const log = [...files.keys()].filter((path) => path.startsWith('wal/'));
    const seen = new Map<string, number>();
    const one = async (prng: Prng): Promise<void> => {
      const path = prng.pick(log);
      const disk = new MemoryDisk();
      for (const [name, text] of files) {
        disk.place(name, Buffer.from(name === path ? forged(prng, text) : text));
      }
      note(seen, await start(disk));
    };
    return { one, seen };
  },
};

async function start(disk: MemoryDisk): Promise<string> {
  const storage = storageOn(disk);
  try {
    const { state, snapshot, entries: found, tail } = await storage.open(null);
    const restored = { state, snapshot, entries: found, recovering: tail === 'torn' };
    checkState(new Raft(raftConfig(1), new Prng(1), restored).state);
    await storage.close();
    return tail;
  } catch (error) {
    if (error instanceof DamageError) return 'refused';
    throw error;
  }
}
