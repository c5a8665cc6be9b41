import { beforeAll, describe, expect, test } from 'bun:test';
import { MemoryDisk } from '../../src/storage/memory-disk.ts';
import type { CrashMode } from '../../src/storage/memory-file.ts';
import type { SnapshotFile } from '../../src/storage/storage.ts';
import {
  allowed,
  asModel,
  disksThatStop,
  expectAllowed,
  expectReadable,
  mayTear,
  modelOf,
  open,
  prngOf,
  readAll,
  run,
  type Step,
} from './crash-world.ts';
import {
  batch,
  entries,
  entry,
  hardState,
  IDENTITY,
  meta,
  snapshotLines,
  storageOn,
} from './support.ts';

/**
 * Every crash point of short scripts, and every way that a crash can treat what was not synced.
 * What was acknowledged must be there, what was under way may be, and nothing else.
 */
const MODES: readonly CrashMode[] = ['kill', 'drop', 'keep', 'prefix', 'sectors', 'zeros', 'mixed'];

const big = (index: number, term: number) => entry(index, term, 'x'.repeat(400 + index));

function append(step: Parameters<typeof batch>[0], term?: number): Step {
  return { type: 'append', batch: batch(step, term === undefined ? null : hardState(term, '11')) };
}

const LOG: Step[] = [
  { type: 'found' },
  append([big(1, 1)], 1),
  append([big(2, 1), big(3, 1), big(4, 1), big(5, 1)]),
  { type: 'synced' },
  append([big(3, 2), big(4, 2)], 2),
  { type: 'restart' },
  append([big(5, 2), big(6, 2), big(7, 2), big(8, 2)]),
  append([], 3),
];

const SNAPSHOTS: Step[] = [
  { type: 'found' },
  append(
    [1, 2, 3, 4, 5, 6].map((index) => big(index, 1)),
    1,
  ),
  { type: 'snapshot', index: 4, term: 1 },
  append([big(7, 1), big(8, 1), big(9, 1), big(10, 1), big(11, 1)]),
  { type: 'snapshot', index: 9, term: 1 },
  append([big(12, 1), big(13, 1), big(14, 1)]),
  { type: 'restart' },
  append([big(15, 1)]),
  { type: 'snapshot', index: 15, term: 1 },
  append([big(16, 1)]),
];

const BESIDE: Step[] = [
  { type: 'found' },
  append(entries(1, 8, 1), 1),
  { type: 'beside', steps: [{ type: 'snapshot', index: 6, term: 1 }, append([big(9, 1)])] },
  append([big(10, 1)]),
];

function installing(snapshot: SnapshotFile, bytes: Uint8Array): Step[] {
  return [
    { type: 'found' },
    append(entries(1, 6, 1), 1),
    { type: 'snapshot', index: 3, term: 1 },
    append(entries(7, 25, 1)),
    { type: 'install', snapshot, bytes },
    append([big(21, 2)], 2),
    { type: 'restart' },
    append([big(22, 2)]),
  ];
}

const scripts = new Map<string, Step[]>([
  ['append', LOG],
  ['snapshot', SNAPSHOTS],
  ['snapshot beside append', BESIDE],
]);

beforeAll(async () => {
  const disk = new MemoryDisk();
  const storage = storageOn(disk);
  await storage.open(IDENTITY);
  await storage.append(batch(entries(1, 20, 2), hardState(2)));
  const snapshot = await storage.saveSnapshot(meta(20, 2), snapshotLines(20, 30));
  scripts.set('install', installing(snapshot, disk.contents('snapshot-20.jsonl')));
});

/** Calls back for each operation of the script, with the disk as it stopped there. */
async function atEveryPoint(
  steps: readonly Step[],
  use: (
    dead: MemoryDisk,
    progress: Awaited<ReturnType<typeof run>>,
    point: number,
  ) => Promise<void>,
): Promise<number> {
  for (let point = 1; ; point += 1) {
    const stop = disksThatStop(point);
    const disk = new MemoryDisk(stop.options);
    const progress = await run(disk, steps, stop.stopped);
    if (!stop.hit()) return point - 1;
    await use(disk, progress, point);
  }
}

const NAMES = ['append', 'snapshot', 'snapshot beside append', 'install'];

describe.each(NAMES)('crash at every operation: %s', (name) => {
  const steps = (): Step[] => scripts.get(name) ?? [];

  test('the script itself ends as expected', async () => {
    const disk = new MemoryDisk();
    await run(disk, steps(), new Promise(() => undefined));
    const { restored } = open(disk);
    expectAllowed(await restored, [modelOf(steps())], name);
    expectReadable(disk);
  });

  test.each(MODES)('%s: what was acknowledged is there', async (mode) => {
    const points = await atEveryPoint(steps(), async (dead, progress, point) => {
      for (let variant = 0; variant < (mayTear(mode) || mode === 'prefix' ? 3 : 1); variant += 1) {
        const where = `${name}, operation ${point}, ${mode} ${variant}`;
        const disk = dead.crash(prngOf(point, variant), mode, {});
        const first = open(disk);
        const restored = await first.restored;
        expectAllowed(restored, allowed(progress), where);
        const tail = mayTear(mode) ? restored.tail : 'clean';
        expect({ where, tail: restored.tail }).toEqual({ where, tail });
        await readAll(first.storage, restored);
        expectReadable(disk);

        // Whatever was found is durable once `open` is over, and stays torn until confirmed.
        const second = open(disk.crash(prngOf(point), 'drop'));
        const again = await second.restored;
        expect({ where, model: asModel(again), tail: again.tail }).toEqual({
          where,
          model: asModel(restored),
          tail: restored.tail,
        });
      }
    });
    expect(points).toBeGreaterThan(30);
  });

  test('a crash during the recovery changes nothing', async () => {
    let recoveries = 0;
    await atEveryPoint(steps(), async (dead, progress, point) => {
      const mode = MODES[point % MODES.length] ?? 'kill';
      for (let inner = 1; ; inner += 1) {
        const where = `${name}, operation ${point}, ${mode}, operation ${inner} of the recovery`;
        const stop = disksThatStop(inner);
        const disk = dead.crash(prngOf(point), mode, stop.options);
        await Promise.race([open(disk).restored, stop.stopped]);
        if (!stop.hit()) return;
        const nested = MODES[(point + inner) % MODES.length] ?? 'kill';
        const left = disk.crash(prngOf(point, inner), nested, {});
        const { restored } = open(left);
        expectAllowed(await restored, allowed(progress), `${where}, ${nested}`);
        recoveries += 1;
      }
    });
    expect(recoveries).toBeGreaterThan(500);
  });
});

/** Each entry has a segment of its own; the second snapshot sets free those of the first. */
async function freeing(disk: MemoryDisk, acknowledged: (index: number) => void): Promise<void> {
  const storage = storageOn(disk, { segmentBytes: 1 });
  await storage.open(IDENTITY);
  const write = async (from: number, to: number): Promise<void> => {
    for (const item of entries(from, to, 1)) {
      await storage.append(batch([item], hardState(1)));
      acknowledged(item.index);
    }
  };
  await write(1, 6);
  await storage.saveSnapshot(meta(6, 1), snapshotLines(6));
  await write(7, 8);
  await storage.saveSnapshot(meta(8, 1), snapshotLines(8));
  await write(9, 9);
}

test('no name changes while another does, nor is the directory synced meanwhile', async () => {
  // What a disk is given side by side it may do in any order.
  const changesNames = new Set(['rename', 'remove', 'create', 'sync-directory', 'make-directory']);
  const underWay: string[] = [];
  const together: string[] = [];
  let removals = 0;
  const disk = new MemoryDisk({
    schedule: (complete, { kind, path }) => {
      const isName = changesNames.has(kind);
      if (isName && underWay.length > 0) together.push(`${underWay.join()}, ${kind} ${path}`);
      if (isName) underWay.push(`${kind} ${path}`);
      if (kind === 'remove') removals += 1;
      setImmediate(() => {
        if (isName) underWay.shift();
        complete();
      });
    },
  });
  await freeing(disk, () => undefined);
  expect([together, underWay]).toEqual([[], []]);
  expect(removals).toBeGreaterThan(5);
});

test('segments that go together go one after the other: none is missing between two', async () => {
  let cases = 0;
  for (let point = 1; ; point += 1) {
    const stop = disksThatStop(point);
    const disk = new MemoryDisk(stop.options);
    let known = 0;
    const acknowledged = (index: number): void => {
      known = index;
    };
    await Promise.race([freeing(disk, acknowledged), stop.stopped]);
    if (!stop.hit()) break;
    for (let variant = 0; variant < 8; variant += 1) {
      const { snapshot, entries: behind } = await open(
        disk.crash(prngOf(point, variant), 'mixed', {}),
      ).restored;
      expect((snapshot?.index ?? 0) + behind.length).toBeGreaterThanOrEqual(known);
      cases += 1;
    }
  }
  expect(cases).toBeGreaterThan(500);
});
