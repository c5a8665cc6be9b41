/**
 * THE FILES OF A NODE, damaged. A start finds all that was written, or cuts the end of the log and
 * says so, or refuses with DamageError. It never gives another state, and never less than what the
 * checksums vouch for without a word.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Prng } from '../../../src/lib/prng.ts';
import { MemoryDisk } from '../../../src/storage/memory-disk.ts';
import { DamageError, type Restored } from '../../../src/storage/storage.ts';
import { asModel, type Model } from '../../storage/crash-world.ts';
import {
  batch,
  collect,
  entries,
  entry,
  hardState,
  IDENTITY,
  meta,
  snapshotLines,
  storageOn,
} from '../../storage/support.ts';
import { type Fuzzer, note } from './fuzzer.ts';
import { mutated } from './mutate.ts';

type Files = ReadonlyMap<string, Uint8Array>;

interface Written {
  readonly files: Files;
  readonly whole: Model;
  /** What is left where the last batch is cut; a marker shows that the one before was durable. */
  readonly shorter: Model;
  /** What is left where the log ends early at the end of a batch: it looks as if it were whole. */
  readonly earlier: readonly Model[];
}

/** A log in two segments over two snapshots, which ends with these batches. */
async function write(batches: number, synced: boolean): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const first = storageOn(disk, { segmentBytes: 900 });
  await first.open(IDENTITY);
  await first.append(batch(entries(1, 4, 1), hardState(1, '11')));
  await first.saveSnapshot(meta(3, 1), snapshotLines(3));
  await first.append(batch(entries(5, 8, 1)));
  await first.saveSnapshot(meta(7, 1), snapshotLines(7));
  const tail = [
    batch([entry(9, 2)], hardState(2)),
    batch([entry(10, 2), entry(11, 2)]),
    batch(entries(12, 13, 3), hardState(3, '12')),
  ];
  for (const item of tail.slice(0, batches)) await first.append(item);
  if (synced) await first.markSynced();
  await first.close();
  return disk;
}

function filesOf(disk: MemoryDisk): Files {
  return new Map(disk.paths().map((path) => [path, disk.contents(path)]));
}

function diskOf(files: Files): MemoryDisk {
  const disk = new MemoryDisk();
  for (const [path, bytes] of files) disk.place(path, bytes);
  return disk;
}

async function start(disk: MemoryDisk): Promise<Restored | DamageError> {
  const storage = storageOn(disk);
  try {
    const restored = await storage.open(null);
    if (restored.snapshot !== null) await collect(storage.readSnapshot(restored.snapshot));
    await storage.close();
    return restored;
  } catch (error) {
    if (error instanceof DamageError) return error;
    throw error;
  }
}

async function writeAll(synced: boolean): Promise<Written> {
  const earlier: Model[] = [];
  for (const batches of [3, 2, 1, 0]) {
    const found = await start(await write(batches, false));
    if (found instanceof DamageError) throw found;
    earlier.push(asModel(found));
  }
  const [whole, shorter] = earlier;
  if (whole === undefined || shorter === undefined) throw new Error('no states');
  const files = filesOf(await write(3, synced));
  return { files, whole, shorter: synced ? whole : shorter, earlier };
}

/** Lines of a file moved about; or any bytes of it. */
function damaged(prng: Prng, bytes: Uint8Array): Buffer {
  if (prng.chance(0.6)) return mutated(prng, bytes);
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const [a, b] = [prng.between(0, lines.length), prng.between(0, lines.length)];
  const moved = prng.pick([
    () => lines.toSpliced(a, 1),
    () => lines.toSpliced(b, 0, lines[a] ?? ''),
    () => lines.with(a, lines[b] ?? '').with(b, lines[a] ?? ''),
    () => [...lines.slice(0, a), ...lines.slice(b)],
  ])();
  return Buffer.from(moved.join('\n'), 'latin1');
}

/** What a start made of one damaged file. @throws when it must not have made that of it */
function judge(
  found: Restored | DamageError,
  written: Written,
  path: string,
  bytes: Buffer,
): string {
  if (found instanceof DamageError) {
    if (!/ at byte \d+: /.test(found.message)) throw new Error(`says nothing: ${found.message}`);
    return 'refused';
  }
  const { whole, shorter, earlier } = written;
  const model = asModel(found);
  const older = model.snapshot?.index === whole.snapshot?.index ? '' : ', of an older snapshot';
  if (agrees(model, whole, [whole])) return `${found.tail}, nothing lost${older}`;
  if (!path.startsWith('wal/')) throw new Error('a damaged snapshot changed the log');
  const original = Buffer.from(written.files.get(path) ?? []);
  const isCut = original.subarray(0, bytes.length).equals(bytes);
  if (isCut && earlier.some((state) => agrees(model, state, [state]))) return 'ends early';
  // Of a torn batch the vote is kept where its line is whole.
  if (!agrees(model, shorter, [shorter, whole])) {
    throw new Error(`a wrong state: ${JSON.stringify(model)}`);
  }
  if (found.findings.length === 0) throw new Error('cut without a word');
  return `${found.tail}, the last batch cut`;
}

/** Behind an older snapshot there are more entries; from the same index on they are the same. */
function agrees(model: Model, other: Model, states: readonly Model[]): boolean {
  const from = Math.max(model.snapshot?.index ?? 0, other.snapshot?.index ?? 0);
  const first = (model.snapshot?.index ?? 0) + 1;
  const isContiguous = model.entries.every(({ index }, i) => index === first + i);
  const behind = (of: Model): unknown => of.entries.filter(({ index }) => index > from);
  const isState = states.some(({ state }) => isDeepStrictEqual(state, model.state));
  return isContiguous && isState && isDeepStrictEqual(behind(model), behind(other));
}

/** One file of the kind is damaged in each case. */
function fuzzFiles(name: string, ofKind: (path: string) => boolean): Fuzzer {
  return {
    name,
    start: async () => {
      const all = [await writeAll(false), await writeAll(true)];
      const seen = new Map<string, number>();
      const one = async (prng: Prng): Promise<void> => {
        const written = prng.pick(all);
        const paths = [...written.files.keys()].filter(ofKind);
        const path = prng.pick(paths);
        const bytes = damaged(prng, written.files.get(path) ?? new Uint8Array());
        const disk = diskOf(new Map([...written.files, [path, bytes]]));
        const other = prng.chance(0.1) ? paths.find((one) => one !== path) : undefined;
        if (other !== undefined) disk.place(other, damaged(prng, disk.contents(other)));
        const found = await start(disk);
        note(seen, judge(found, written, path, bytes));
        if (prng.chance(0.1)) await again(found, disk);
      };
      return { one, seen };
    },
  };
}

/** What a start has put in order, the next finds as it was left. */
async function again(found: Restored | DamageError, disk: MemoryDisk): Promise<void> {
  const next = await start(disk);
  const of = (one: Restored | DamageError): unknown =>
    one instanceof DamageError ? 'refused' : [one.tail, asModel(one)];
  if (!isDeepStrictEqual(of(found), of(next))) throw new Error('the next start finds another');
}

export const LOG_FUZZER = fuzzFiles('log', (path) => path.startsWith('wal/'));
export const SNAPSHOT_FUZZER = fuzzFiles('snapshot', (path) => path.startsWith('snapshot-'));
