import { beforeAll, describe, expect, test } from 'bun:test';
import { Prng } from '../../src/lib/prng.ts';
import { MemoryDisk } from '../../src/storage/memory-disk.ts';
import { DamageError, type Restored } from '../../src/storage/storage.ts';
import { encodeBatch } from '../../src/storage/wal-line.ts';
import { asModel, type Model } from './crash-world.ts';
import { batch, entries, entry, failureOf, hardState, IDENTITY, storageOn } from './support.ts';

/**
 * Damage at rest. Whatever is done to the log, a start either refuses, or cuts the last batch and
 * says so: never a wrong entry, and never the silent loss of an earlier batch.
 */
type Files = ReadonlyMap<string, Uint8Array>;

/** Two segments; the last batch has three lines. */
let files: Files;
let last: string;
let whole: Model;
let withoutLast: Model;

async function build(batches: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const first = storageOn(disk, { segmentBytes: 900 });
  await first.open(IDENTITY);
  await first.append(batch(entries(1, 2, 1), hardState(1, '11')));
  await first.close();
  const second = storageOn(disk, { segmentBytes: 900 });
  await second.open(null);
  await second.append(batch([entry(3, 1)]));
  await second.markSynced();
  await second.append(batch([entry(4, 2)], hardState(2)));
  await second.append(batch([entry(5, 2), entry(6, 2)]));
  if (batches > 5) await second.append(batch(entries(7, 8, 3), hardState(3, '12')));
  await second.close();
  return disk;
}

function filesOf(disk: MemoryDisk): Files {
  return new Map(disk.paths().map((path) => [path, disk.contents(path)]));
}

function diskOf(content: Files): MemoryDisk {
  const disk = new MemoryDisk();
  for (const [path, bytes] of content) disk.place(path, bytes);
  return disk;
}

async function start(disk: MemoryDisk): Promise<Restored | DamageError> {
  try {
    return await storageOn(disk).open(null);
  } catch (error) {
    if (error instanceof DamageError) return error;
    throw error;
  }
}

async function modelOn(disk: MemoryDisk): Promise<Model> {
  return asModel(await storageOn(disk).open(null));
}

/** With the bytes of the last segment replaced. */
function withLast(bytes: Uint8Array): MemoryDisk {
  return diskOf(new Map([...files, [last, bytes]]));
}

function lastBytes(): Buffer {
  return Buffer.from(files.get(last) ?? []);
}

/** Where the last batch begins in the last segment. */
function lastBatchOffset(): number {
  const text = lastBytes().toString('latin1');
  const { number = '' } = /"batch":(?<number>\d+),"last":true[^\n]*\n$/.exec(text)?.groups ?? {};
  const at = text.search(
    new RegExp(`\\{"crc":"[0-9a-f]{8}","prev":"[0-9a-f]{8}","batch":${number},`),
  );
  expect(at).toBeGreaterThan(0);
  return at;
}

/** Where its last line begins, which says term and vote. */
function stateLine(): number {
  return lastBytes().subarray(0, -1).lastIndexOf(0x0a) + 1;
}

beforeAll(async () => {
  const disk = await build(6);
  files = filesOf(disk);
  last = [...files.keys()].filter((path) => path.startsWith('wal/')).at(-1) ?? '';
  whole = await modelOn(diskOf(files));
  withoutLast = await modelOn(await build(5));
  expect([...files.keys()].length).toBeGreaterThan(1);
  expect(whole.entries).toHaveLength(8);
  expect(withoutLast.entries).toHaveLength(6);
});

describe('one bit flipped', () => {
  test('at every byte: refused, or the last batch is cut and the log is torn', async () => {
    const outcomes = { refused: 0, torn: 0 };
    expect(whole.state).not.toEqual(withoutLast.state);
    for (const [path, bytes] of files) {
      for (let offset = 0; offset < bytes.length; offset += 1) {
        const inLast = path === last && offset >= lastBatchOffset();
        const bits = bytes[offset] === 0x0a ? [0, 1, 2, 3, 4, 5, 6, 7] : [(offset * 5) % 8];
        for (const bit of bits) {
          const disk = diskOf(files);
          disk.flipBit(path, offset * 8 + bit);
          const found = await start(disk);
          const where = `${path} byte ${offset} bit ${bit}`;
          if (found instanceof DamageError) {
            expect({ where, inLast }).toEqual({ where, inLast: false });
            expect(found.file).toStartWith('wal/');
            outcomes.refused += 1;
          } else {
            expect({ where, tail: found.tail, inLast }).toEqual({
              where,
              tail: 'torn',
              inLast: true,
            });
            const model = asModel(found);
            const isSalvaged = Bun.deepEquals(model.state, whole.state);
            const { state } = isSalvaged ? whole : withoutLast;
            expect({ where, model }).toEqual({ where, model: { ...withoutLast, state } });
            // The state has a line of its own in the batch: damage elsewhere does not touch it.
            expect({ where, isSalvaged }).toEqual({ where, isSalvaged: offset < stateLine() });
            outcomes.torn += 1;
          }
        }
      }
    }
    expect(outcomes.refused).toBeGreaterThan(1000);
    expect(outcomes.torn).toBeGreaterThan(300);
  });

  test('in the newline between the last two batches: damage', async () => {
    const disk = new MemoryDisk();
    const storage = storageOn(disk);
    await storage.open(IDENTITY);
    for (const item of entries(1, 3, 1)) await storage.append(batch([item]));
    await storage.close();
    const [path = ''] = disk.paths();
    const bytes = disk.contents(path);
    const newline = bytes.subarray(0, -1).lastIndexOf(0x0a);
    for (let bit = 0; bit < 8; bit += 1) {
      const damaged = diskOf(filesOf(disk));
      damaged.flipBit(path, newline * 8 + bit);
      expect(await start(damaged)).toBeInstanceOf(DamageError);
    }
  });

  test('a torn log keeps a durable copy of what was cut', async () => {
    const disk = diskOf(files);
    disk.flipBit(last, (lastBatchOffset() + 40) * 8);
    const damaged = Buffer.from(disk.contents(last)).subarray(lastBatchOffset());
    const first = storageOn(disk);
    const restored = await first.open(null);
    expect(restored.findings.map((finding) => finding.offset)).toEqual([lastBatchOffset(), 0]);
    await first.close();
    const later = disk.crash(new Prng(1), 'drop');
    expect(Buffer.from(later.contents(`${last}.torn`))).toEqual(damaged);
  });

  test('a torn log is torn until it is confirmed, whatever is appended', async () => {
    const disk = diskOf(files);
    disk.flipBit(last, (lastBatchOffset() + 40) * 8);
    const first = storageOn(disk);
    await first.open(null);
    await first.close();

    const second = storageOn(disk, { segmentBytes: 1 });
    expect((await second.open(null)).tail).toBe('torn');
    await second.append(batch([entry(7, 3)]));
    await second.close();

    const third = storageOn(disk, { segmentBytes: 1 });
    const again = await third.open(null);
    expect(again.tail).toBe('torn');
    expect(again.findings[0]?.message).toContain('has not been confirmed');
    await third.markRecovered();
    await third.append(batch([entry(8, 3)]));
    await third.close();
    expect((await storageOn(disk).open(null)).tail).toBe('clean');
  });
});

describe('the end cut off', () => {
  test('at every byte of the last segment: refused, or a batch is cut cleanly', async () => {
    const bytes = lastBytes();
    const firstBatch = bytes.indexOf('\n', bytes.indexOf('"last":true')) + 1;
    for (let size = 0; size < bytes.length; size += 1) {
      const found = await start(withLast(bytes.subarray(0, size)));
      if (size < firstBatch) {
        expect(found).toBeInstanceOf(DamageError);
        continue;
      }
      expect(found).not.toBeInstanceOf(DamageError);
      if (found instanceof DamageError) continue;
      expect({ size, tail: found.tail }).toEqual({ size, tail: 'clean' });
      const { entries: kept } = asModel(found);
      expect(kept).toEqual(whole.entries.slice(0, kept.length));
      if (size >= lastBatchOffset()) expect(asModel(found)).toEqual(withoutLast);
    }
  });

  test('of a segment that has a successor: refused', async () => {
    const path = [...files.keys()].find((name) => name.startsWith('wal/')) ?? '';
    const bytes = files.get(path) ?? new Uint8Array();
    for (let size = 0; size < bytes.length; size += 7) {
      const disk = diskOf(new Map([...files, [path, bytes.subarray(0, size)]]));
      expect(await start(disk)).toBeInstanceOf(DamageError);
    }
  });
});

describe('something else where the next batch should be', () => {
  const cases: [string, (bytes: Buffer) => Uint8Array][] = [
    ['zeros', (bytes) => Buffer.concat([bytes, Buffer.alloc(700)])],
    ['garbage', (bytes) => Buffer.concat([bytes, Buffer.from('garbage without an end')])],
    ['a garbage line', (bytes) => Buffer.concat([bytes, Buffer.from('garbage\n')])],
    ['an empty line', (bytes) => Buffer.concat([bytes, Buffer.from('\n')])],
    [
      'the last batch once more',
      (bytes) => Buffer.concat([bytes, bytes.subarray(lastBatchOffset())]),
    ],
    ['half a character', (bytes) => Buffer.concat([bytes, Buffer.from([0xc3, 0xc3])])],
  ];

  test.each(cases)('%s: torn, and nothing is lost', async (_, change) => {
    const found = await start(withLast(change(lastBytes())));
    if (found instanceof DamageError) throw found;
    expect(found.tail).toBe('torn');
    expect(asModel(found)).toEqual(whole);
  });

  test('zeros in the last batch: torn, and only that batch is cut', async () => {
    const bytes = lastBytes();
    bytes.fill(0, lastBatchOffset() + 100);
    const found = await start(withLast(bytes));
    if (found instanceof DamageError) throw found;
    expect(found.tail).toBe('torn');
    expect(asModel(found)).toEqual(withoutLast);
  });

  test('a bad batch with a valid one behind it, even behind lost newlines: refused', async () => {
    const bytes = lastBytes();
    const at = lastBatchOffset();
    const marker = encodeBatch([{ kind: 'synced' }], '00000000', 10_000).text;
    for (const between of ['', '\n', '\0'.repeat(600)]) {
      const rotten = Buffer.concat([bytes.fill(0, at), Buffer.from(between + marker)]);
      expect(await start(withLast(rotten))).toBeInstanceOf(DamageError);
    }
  });

  test('lines that are swapped, doubled or gone: never taken for whole', async () => {
    const lines = lastBytes().toString('latin1').split('\n').slice(0, -1);
    for (let at = 1; at < lines.length; at += 1) {
      const gone = lines.toSpliced(at, 1);
      const doubled = lines.toSpliced(at, 0, lines[at] ?? '');
      const swapped = lines.toSpliced(at - 1, 2, lines[at] ?? '', lines[at - 1] ?? '');
      for (const changed of [gone, doubled, swapped]) {
        const text = `${changed.join('\n')}\n`;
        const found = await start(withLast(Buffer.from(text, 'latin1')));
        if (found instanceof DamageError) continue;
        const cutCleanly = changed === gone && at === lines.length - 1;
        expect(found.tail).toBe(cutCleanly ? 'clean' : 'torn');
        const salvaged = { ...withoutLast, state: whole.state };
        expect([whole, withoutLast, salvaged]).toContainEqual(asModel(found));
      }
    }
  });
});

describe('whole files', () => {
  test('a lost segment in the middle or at the front is refused', async () => {
    const disk = new MemoryDisk();
    const storage = storageOn(disk, { segmentBytes: 1 });
    await storage.open(IDENTITY);
    for (const item of entries(1, 5, 1)) await storage.append(batch([item]));
    await storage.close();
    const all = filesOf(disk);
    const segments = [...all.keys()].filter((path) => path.startsWith('wal/'));
    // The very first holds no entry: without it nothing is missing.
    const losses = [segments.slice(0, 2), ...segments.slice(1, -1).map((path) => [path])];
    for (const lost of losses) {
      const rest = new Map([...all].filter(([path]) => !lost.includes(path)));
      expect(await start(diskOf(rest))).toBeInstanceOf(DamageError);
    }
  });

  test('a segment under another name is refused', async () => {
    const renamed = last.replace(/-\d+/, '-99');
    const found = await start(
      diskOf(new Map([...files].map(([path, bytes]) => [path === last ? renamed : path, bytes]))),
    );
    expect(found).toBeInstanceOf(DamageError);
  });

  test('snapshots without a log are refused', async () => {
    const disk = diskOf(new Map([['snapshot-5.jsonl', Buffer.from('{}\n')]]));
    expect((await failureOf(storageOn(disk).open(IDENTITY))).message).toContain('no log');
  });

  test('a newer format is refused by name', async () => {
    const text = lastBytes().toString('latin1').replace('"format":1', '"format":2');
    const found = await start(withLast(Buffer.from(text, 'latin1')));
    expect(found).toBeInstanceOf(DamageError);
    const message = found instanceof DamageError ? found.message : '';
    expect(message).toContain('format 2');
    expect(message).toContain('newer version');
  });

  test('the message names file, offset, what was found and what to do', async () => {
    const disk = diskOf(files);
    const [path = ''] = [...files.keys()].filter((name) => name.startsWith('wal/'));
    disk.flipBit(path, 150 * 8);
    const { message } = await failureOf(storageOn(disk).open(null));
    expect(message).toContain(`${path} at byte 0: a line whose checksum is`);
    expect(message).toContain('Restore this node from a backup');
  });
});
