import { describe, expect, test } from 'bun:test';
import { AssertionError } from '../../src/lib/assert.ts';
import type { MemberId } from '../../src/lib/ids.ts';
import type { SnapshotFile, Storage } from '../../src/storage/storage.ts';
import {
  batch,
  collect,
  entries,
  entry,
  failureOf,
  hardState,
  IDENTITY,
  meta,
  snapshotLines,
} from './support.ts';

/** A directory that can be opened again and again. */
export interface StorageFixture {
  /** A storage on the same directory; the one before must be closed. */
  readonly storage: () => Storage;
}

type WithFixture = (use: (fixture: StorageFixture) => Promise<void>) => Promise<void>;

/** What every Storage does. */
export function describeStorage(name: string, withFixture: WithFixture): void {
  describe(`storage contract: ${name}`, () => {
    founding(withFixture);
    log(withFixture);
    snapshots(withFixture);
    receiving(withFixture);
  });
}

async function opened(fixture: StorageFixture): Promise<Storage> {
  const storage = fixture.storage();
  await storage.open(IDENTITY);
  return storage;
}

function founding(withFixture: WithFixture): void {
  test('an empty directory opened with null stays empty', () =>
    withFixture(async (fixture) => {
      for (let round = 0; round < 2; round += 1) {
        const storage = fixture.storage();
        const restored = await storage.open(null);
        expect(restored.identity).toBeNull();
        expect(restored.entries).toEqual([]);
        await storage.close();
      }
    }));

  test('create founds a directory that was opened with null', () =>
    withFixture(async (fixture) => {
      const first = fixture.storage();
      await first.open(null);
      await first.create(IDENTITY);
      await first.append(batch([entry(1, 1)], hardState(1, '11')));
      await first.close();
      const restored = await fixture.storage().open(null);
      expect(restored.identity).toEqual(IDENTITY);
      expect(restored.state).toEqual(hardState(1, '11'));
      expect(restored.entries).toEqual([entry(1, 1)]);
    }));

  test('a directory that may have had another before it is torn until its log is confirmed', () =>
    withFixture(async (fixture) => {
      const first = fixture.storage();
      await first.open(null);
      await first.create(IDENTITY, true);
      await first.append(batch([entry(1, 1)], hardState(1, null)));
      await first.close();
      const second = fixture.storage();
      expect((await second.open(null)).tail).toBe('torn');
      await second.markRecovered();
      await second.close();
      expect((await fixture.storage().open(null)).tail).toBe('clean');
    }));

  test('the ids on disk win, the settings of the start override', () =>
    withFixture(async (fixture) => {
      await (await opened(fixture)).close();
      const other = { ...IDENTITY, memberId: '99' as MemberId, node: { port: 1 } };
      const second = fixture.storage();
      expect((await second.open(other)).identity).toEqual({ ...IDENTITY, node: { port: 1 } });
      await second.close();
      expect((await fixture.storage().open(null)).identity?.node).toEqual({ port: 1 });
    }));
}

function log(withFixture: WithFixture): void {
  test('batches come back in order, with the exact text of each command', () =>
    withFixture(async (fixture) => {
      const first = await opened(fixture);
      await first.append(batch(entries(1, 50, 1), hardState(1)));
      await first.append(batch([], hardState(2, '12')));
      await first.append(batch(entries(51, 60, 2)));
      await first.close();
      const restored = await fixture.storage().open(null);
      expect(restored.entries).toEqual([...entries(1, 50, 1), ...entries(51, 60, 2)]);
      expect(restored.state).toEqual(hardState(2, '12'));
      expect(restored.tail).toBe('clean');
      expect(restored.findings).toEqual([]);
    }));

  test('the text of a command is not encoded anew', () =>
    withFixture(async (fixture) => {
      const odd = { ...entry(1, 1), json: '{ "v":1.0,  "kind":"é\u00ff\\u00e9" }' };
      const first = await opened(fixture);
      await first.append(batch([odd]));
      await first.close();
      const restored = await fixture.storage().open(null);
      expect(restored.entries[0]?.json).toBe(odd.json);
    }));

  test('an entry of a later term replaces the entry of its index and all after it', () =>
    withFixture(async (fixture) => {
      const first = await opened(fixture);
      await first.append(batch(entries(1, 10, 1), hardState(1)));
      await first.append(batch(entries(4, 6, 2), hardState(2)));
      await first.close();
      const second = await opened(fixture);
      await second.append(batch([entry(7, 3)], hardState(3)));
      await second.close();
      const restored = await fixture.storage().open(null);
      expect(restored.entries).toEqual([...entries(1, 3, 1), ...entries(4, 6, 2), entry(7, 3)]);
    }));

  test('an entry of an older term may replace a newer one that no quorum had (Figure 8 c)', () =>
    withFixture(async (fixture) => {
      const first = await opened(fixture);
      await first.append(batch([entry(1, 1), entry(2, 3)], hardState(3)));
      await first.append(batch([entry(2, 2)], hardState(4)));
      await first.close();
      expect((await fixture.storage().open(null)).entries).toEqual([entry(1, 1), entry(2, 2)]);
    }));

  test.each([
    ['a gap', batch([entry(4, 1)])],
    ['an older term', batch([entry(3, 0)])],
    ['an older term inside', batch([entry(2, 0)])],
    ['a term that falls', batch([], hardState(1))],
    ['a second vote', batch([], hardState(2, '12'))],
  ])('refuses to log %s', (_, wrong) =>
    withFixture(async (fixture) => {
      const storage = await opened(fixture);
      await storage.append(batch(entries(1, 2, 1), hardState(2, '11')));
      expect(await failureOf(storage.append(wrong))).toBeInstanceOf(AssertionError);
      await storage.close();
      expect((await fixture.storage().open(null)).entries).toEqual(entries(1, 2, 1));
    }),
  );

  test('appends asked for together are all kept, in order', () =>
    withFixture(async (fixture) => {
      const first = await opened(fixture);
      await Promise.all(entries(1, 20, 1).map((item) => first.append(batch([item]))));
      await first.markSynced();
      await first.close();
      expect((await fixture.storage().open(null)).entries).toEqual(entries(1, 20, 1));
    }));

  test('starts again and again give the same', () =>
    withFixture(async (fixture) => {
      const first = await opened(fixture);
      await first.append(batch(entries(1, 5, 1), hardState(4, '11')));
      await first.close();
      for (let round = 0; round < 3; round += 1) {
        const again = fixture.storage();
        const restored = await again.open(null);
        expect(restored.entries).toEqual(entries(1, 5, 1));
        expect(restored.state).toEqual(hardState(4, '11'));
        await again.close();
      }
    }));
}

function snapshots(withFixture: WithFixture): void {
  test('a snapshot is listed, read and restored with the entries behind it', () =>
    withFixture(async (fixture) => {
      const first = await opened(fixture);
      await first.append(batch(entries(1, 10, 1), hardState(1)));
      expect(first.newestSnapshot()).toBeNull();
      const before = first.walBytes;
      expect(before).toBeGreaterThan(0);
      const saved = await first.saveSnapshot(meta(7, 1), snapshotLines(7));
      expect(first.walBytes).toBeLessThan(before);
      expect(first.newestSnapshot()).toEqual(saved);
      expect(await collect(first.readSnapshot(saved))).toEqual(snapshotLines(7));
      await first.close();

      const second = fixture.storage();
      const restored = await second.open(null);
      expect(restored.snapshot).toEqual(saved);
      expect(restored.snapshot?.configuration).toEqual(meta(7, 1).configuration);
      expect(restored.entries).toEqual(entries(8, 10, 1));
      expect(await collect(second.readSnapshot(saved))).toEqual(snapshotLines(7));
      await second.close();
    }));

  test('a large snapshot is read back whole, and appends go on meanwhile', () =>
    withFixture(async (fixture) => {
      const storage = await opened(fixture);
      await storage.append(batch(entries(1, 5, 1)));
      const lines = Array.from({ length: 20_000 }, (_, at) => JSON.stringify([at, 'é'.repeat(20)]));
      const saving = storage.saveSnapshot(meta(5, 1), lines);
      for (let index = 6; index <= 30; index += 1) await storage.append(batch([entry(index, 1)]));
      const saved = await saving;
      expect(await collect(storage.readSnapshot(saved))).toEqual(lines);
      await storage.close();
      const restored = await fixture.storage().open(null);
      expect(restored.snapshot).toEqual(saved);
      expect(restored.entries).toEqual(entries(6, 30, 1));
    }));

  test('the newest two are kept; a chunk of an older one is null', () =>
    withFixture(async (fixture) => {
      const storage = await opened(fixture);
      await storage.append(batch(entries(1, 30, 1)));
      for (const index of [10, 20, 30]) {
        await storage.saveSnapshot(meta(index, 1), snapshotLines(index));
      }
      expect(await storage.readSnapshotChunk(10, 0, 100)).toBeNull();
      expect(await storage.readSnapshotChunk(20, 0, 100)).not.toBeNull();
      await storage.append(batch([entry(31, 1)]));
      await storage.close();
      expect((await fixture.storage().open(null)).entries).toEqual([entry(31, 1)]);
    }));

  test('chunks add up to the file', () =>
    withFixture(async (fixture) => {
      const storage = await opened(fixture);
      await storage.append(batch(entries(1, 3, 1)));
      const saved = await storage.saveSnapshot(meta(3, 1), snapshotLines(3, 100));
      const file = await wholeFile(storage, saved, 77);
      expect(file.length).toBe(saved.bytes);
      expect(new Bun.CryptoHasher('sha256').update(file).digest('hex')).toBe(saved.hash);
      expect(await storage.readSnapshotChunk(3, saved.bytes, 10)).toHaveLength(0);
      await storage.close();
    }));
}

function receiving(withFixture: WithFixture): void {
  /** A snapshot file of another node of the cluster. */
  async function leaderFile(): Promise<[SnapshotFile, Uint8Array]> {
    let made: [SnapshotFile, Uint8Array] | null = null;
    await withFixture(async (fixture) => {
      const leader = await opened(fixture);
      await leader.append(batch(entries(1, 40, 2), hardState(2)));
      const saved = await leader.saveSnapshot(meta(40, 2), snapshotLines(40, 50));
      made = [saved, await wholeFile(leader, saved, 1000)];
      await leader.close();
    });
    if (made === null) throw new Error('no file was made');
    return made;
  }

  async function receive(storage: Storage, snapshot: SnapshotFile, file: Uint8Array) {
    let offset = await storage.beginReceive(snapshot);
    while (offset < snapshot.bytes) {
      offset = await storage.receiveChunk(offset, file.subarray(offset, offset + 500));
    }
    return storage.finishReceive();
  }

  test('a received snapshot replaces a log that does not hold its last entry', () =>
    withFixture(async (fixture) => {
      const [snapshot, file] = await leaderFile();
      const first = await opened(fixture);
      await first.append(batch(entries(1, 50, 1), hardState(1)));
      expect(await receive(first, snapshot, file)).toEqual(snapshot);
      expect(await first.beginReceive(snapshot)).toBe(snapshot.bytes);
      expect(await first.receiveChunk(0, file.subarray(0, 500))).toBe(snapshot.bytes);
      expect(await first.finishReceive()).toEqual(snapshot);
      await first.installSnapshot(snapshot);
      expect(first.newestSnapshot()).toEqual(snapshot);
      await first.append(batch([entry(41, 3)], hardState(3)));
      await first.close();
      const restored = await fixture.storage().open(null);
      expect(restored.snapshot).toEqual(snapshot);
      expect(restored.entries).toEqual([entry(41, 3)]);
    }));

  test('a received snapshot leaves the entries behind it when the log holds its last entry', () =>
    withFixture(async (fixture) => {
      const [snapshot, file] = await leaderFile();
      const first = await opened(fixture);
      await first.append(batch(entries(1, 50, 2), hardState(2)));
      await receive(first, snapshot, file);
      await first.installSnapshot(snapshot);
      await first.close();
      expect((await fixture.storage().open(null)).entries).toEqual(entries(41, 50, 2));
    }));

  test('a term that was never written is not older than the snapshot', () =>
    withFixture(async (fixture) => {
      const [snapshot, file] = await leaderFile();
      const first = await opened(fixture);
      await first.append(batch([], hardState(1, '11')));
      await receive(first, snapshot, file);
      await first.installSnapshot(snapshot);
      await first.close();
      expect((await fixture.storage().open(null)).state).toEqual(hardState(2, null));
    }));

  test('resumes where it was, takes doubled pieces calmly, and begins anew for another file', () =>
    withFixture(async (fixture) => {
      const [snapshot, file] = await leaderFile();
      const storage = await opened(fixture);
      expect(await storage.beginReceive(snapshot)).toBe(0);
      expect(await storage.receiveChunk(0, file.subarray(0, 300))).toBe(300);
      expect(await storage.beginReceive(snapshot)).toBe(300);
      expect(await storage.receiveChunk(0, file.subarray(0, 300))).toBe(300);
      expect(await storage.receiveChunk(900, file.subarray(900, 950))).toBe(300);
      expect(await storage.beginReceive({ ...snapshot, hash: '0'.repeat(64) })).toBe(0);
      expect(await receive(storage, snapshot, file)).toEqual(snapshot);
      await storage.close();
    }));

  test('a file with one wrong byte, or for another cluster, is dropped', () =>
    withFixture(async (fixture) => {
      const [snapshot, file] = await leaderFile();
      const storage = await opened(fixture);
      const wrong = new Uint8Array(file);
      wrong[200] = (wrong[200] ?? 0) ^ 1;
      expect(await receive(storage, snapshot, wrong)).toBeNull();
      const foreign = Buffer.from(Buffer.from(file).toString().replace('"77"', '"78"'));
      const hash = new Bun.CryptoHasher('sha256').update(foreign).digest('hex');
      expect(await receive(storage, { ...snapshot, hash }, foreign)).toBeNull();
      expect(await receive(storage, snapshot, file)).toEqual(snapshot);
      await storage.close();
    }));

  test('what was received and not installed is gone after a restart', () =>
    withFixture(async (fixture) => {
      const [snapshot, file] = await leaderFile();
      const first = await opened(fixture);
      await receive(first, snapshot, file);
      await first.close();
      const second = fixture.storage();
      expect((await second.open(null)).snapshot).toBeNull();
      expect(await second.beginReceive(snapshot)).toBe(0);
      await second.close();
    }));
}

async function wholeFile(
  storage: Storage,
  snapshot: SnapshotFile,
  piece: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let offset = 0; ; offset += piece) {
    const bytes = await storage.readSnapshotChunk(snapshot.index, offset, piece);
    if (bytes === null || bytes.length === 0) return Buffer.concat(pieces);
    pieces.push(bytes);
  }
}
