import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateMachine } from '../../src/kv/state-machine.ts';
import type { LeaseId } from '../../src/kv/command.ts';
import { bytesOfText } from '../../src/lib/bytes.ts';
import { parseClusterId } from '../../src/lib/ids.ts';
import { NodeDisk } from '../../src/storage/node-disk.ts';
import { JsonlStorage } from '../../src/storage/jsonl-storage.ts';
import { Pace } from '../../src/storage/pace.ts';
import { writeSnapshot } from '../../src/storage/snapshot-writer.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type Ran, runCli } from './fake-cli.ts';
import type { FakeAnswer } from './fake-network.ts';

const MEMBERS = 'n1=http://10.0.0.1:8080,n2=http://10.0.0.2:8080,n3=http://10.0.0.3:8080';
const LEASE = '77' as LeaseId;
const pace = {
  now: () => performance.now(),
  pause: () => new Promise<void>((resolve) => setImmediate(resolve)),
};
const CONFIGURATION = { members: [], removed: [], clusterVersion: 1 };

let temp: ReturnType<typeof tempDir>;
let file = '';
let bytes = new Uint8Array(0);
const machine = new StateMachine();

/** A store with history, a lease, and a request that is remembered. */
function fill(): void {
  const base = { v: 1, at: 1000, by: null, requestId: null } as const;
  const put = { ...base, kind: 'put', condition: null, prev: false } as const;
  const [a, b] = [bytesOfText('a'), bytesOfText('b')];
  machine.skip(1, 3);
  machine.apply({ ...put, key: a, value: bytesOfText('1') } as never, 2, 3);
  machine.apply({ ...put, key: a, value: bytesOfText('2'), requestId: 'me.1' } as never, 3, 3);
  machine.apply({ ...base, kind: 'lease-grant', id: LEASE, ttl: 60 } as never, 4, 3);
  machine.apply({ ...put, key: b, value: bytesOfText('x'), lease: LEASE } as never, 5, 3);
}

beforeAll(async () => {
  temp = tempDir();
  file = join(temp.path, 'backup.jsonl');
  fill();
  const clusterId = parseClusterId('12345');
  if (clusterId === null) throw new Error('no id');
  const meta = { index: 5, term: 3, configuration: CONFIGURATION };
  const disk = new NodeDisk(temp.path);
  const roomy = () => Promise.resolve();
  const lines = machine.snapshot();
  await writeSnapshot(disk, 'backup.jsonl', clusterId, meta, lines, new Pace(pace), roomy);
  bytes = new Uint8Array(readFileSync(file));
});
afterAll(() => temp[Symbol.dispose]());

/** Restores under a name of its own, and gives what it printed as JSON. */
async function restored(place: string, ...args: readonly string[]): Promise<Ran & { dir: string }> {
  const dir = join(temp.path, place);
  const all = ['snapshot', 'restore', file, '--data-dir', dir, '--json', ...args];
  return { ...(await runCli(all)), dir };
}

const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

describe('snapshot restore', () => {
  test('the directories of all members fit together, and hold all of the state', async () => {
    const all: (Record<string, unknown> & { readonly dir: string })[] = [];
    for (const name of ['n1', 'n2', 'n3']) {
      const ran = await restored(`all/${name}`, '--name', name, '--cluster', MEMBERS);
      expect({ exitCode: ran.exitCode, note: ran.note }).toEqual({ exitCode: 0, note: '' });
      all.push({ ...json(ran.out), dir: ran.dir });
    }
    expect(new Set(all.map(({ clusterId }) => clusterId)).size).toBe(1);
    expect(new Set(all.map(({ memberId }) => memberId)).size).toBe(3);
    expect(all[0]).toMatchObject({ revision: 4, keys: 2, leases: 1, fromCluster: '12345' });
    for (const one of all) {
      const storage = new JsonlStorage(new NodeDisk(one.dir), { reserveBytes: 0, ...pace });
      const found = await storage.open(null);
      expect(found).toMatchObject({ tail: 'clean', entries: [], state: { term: 3, vote: null } });
      expect(found.identity).toMatchObject({
        clusterId: one['clusterId'] as never,
        memberId: one['memberId'] as never,
      });
      const snapshot = found.snapshot;
      if (snapshot === null) throw new Error('no snapshot');
      expect(
        snapshot.configuration.members.map(({ id, name, active, learner }) => [
          id,
          name,
          active,
          learner,
        ]),
      ).toEqual(all.map(({ memberId, name }) => [memberId, name, true, false] as never));
      const copy = new StateMachine();
      const receiver = copy.restore();
      for await (const line of storage.readSnapshot(snapshot)) receiver.line(line);
      receiver.finish();
      expect(copy.hash()).toBe(machine.hash());
      await storage.close();
      expect(readdirSync(one.dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }
  });

  test('the ids follow from file, list and token, and from nothing else', async () => {
    const ids = async (place: string, ...args: readonly string[]) => {
      const { clusterId, memberId } = json((await restored(place, ...args)).out);
      return [clusterId, memberId];
    };
    const list = ['--name', 'n1', '--cluster', MEMBERS];
    const turned = MEMBERS.split(',').toReversed().join(',');
    const first = await ids('ids/1', ...list);
    expect(await ids('ids/2', '--name', 'n1', '--cluster', turned)).toEqual(first);
    const others = [
      await ids('ids/3', ...list, '--cluster-token', 'other'),
      await ids('ids/4', '--name', 'n1', '--cluster', MEMBERS.replace('10.0.0.3', '10.0.0.4')),
      await ids('ids/5', '--port', '8080'),
    ];
    expect(new Set([first, ...others].map(([cluster]) => cluster)).size).toBe(4);
    expect(first).not.toContain('12345');
  });

  test('comes back with the place that was given', async () => {
    const { dir } = await restored('place', '--name', 'n2', '--cluster', MEMBERS);
    const wal = readdirSync(join(dir, 'wal')).sort().at(-1) ?? '';
    const header = json(readFileSync(join(dir, 'wal', wal), 'utf8').split('\n')[0] ?? '');
    expect(JSON.stringify(header)).toContain('"advertiseUrl":"http://10.0.0.2:8080"');
    expect(JSON.stringify(header)).toContain('"port":"8080"');
  });

  test('an existing directory must be empty; nothing is left of what failed', async () => {
    const dir = join(temp.path, 'full');
    mkdirSync(dir);
    expect((await restored('full', '--port', '1')).exitCode).toBe(0);
    const again = await restored('full', '--port', '1');
    expect(again.exitCode).toBe(2);
    expect(again.note).toContain('is not empty');
    writeFileSync(join(temp.path, 'a-file'), '');
    expect((await restored('a-file', '--port', '1')).exitCode).toBe(1);
    expect(readdirSync(temp.path).filter((name) => name.includes('restoring'))).toEqual([]);
  });

  test('without a place it says what is missing', async () => {
    const { exitCode, note } = await runCli(['snapshot', 'restore', file]);
    expect(exitCode).toBe(1);
    expect(note).toContain('Say it with --port, or with --name and --cluster');
  });
});

describe('a backup that is not whole', () => {
  const damages: readonly [string, () => Uint8Array][] = [
    ['cut', () => bytes.subarray(0, bytes.length - 1)],
    ['cut in the middle', () => bytes.subarray(0, bytes.length / 2)],
    ['empty', () => new Uint8Array(0)],
    ['of another kind', () => new TextEncoder().encode('{"format":1}\n')],
    [
      'of a newer format',
      () => Buffer.from(Buffer.from(bytes).toString().replace('"format":1', '"format":9')),
    ],
    ['with another value', () => Buffer.from(Buffer.from(bytes).toString().replace('"x"', '"y"'))],
    ['longer', () => Buffer.concat([bytes, Buffer.from('{}\n')])],
  ];
  test.each(damages)('%s', async (_, damage) => {
    const path = join(temp.path, 'damaged.jsonl');
    writeFileSync(path, damage());
    const status = await runCli(['snapshot', 'status', path]);
    expect({ exitCode: status.exitCode, out: status.out }).toEqual({ exitCode: 2, out: '' });
    expect(status.note).toContain('is not a whole backup');
    const dir = join(temp.path, 'damaged');
    const args = ['snapshot', 'restore', path, '--port', '1', '--data-dir', dir];
    expect((await runCli(args)).exitCode).toBe(2);
    expect(() => readdirSync(dir)).toThrow();
  });

  test('any flipped bit is found', async () => {
    const path = join(temp.path, 'flipped.jsonl');
    for (let at = 0; at < bytes.length; at += 13) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      writeFileSync(path, flipped);
      const { exitCode } = await runCli(['snapshot', 'status', path]);
      expect({ at, exitCode }).toEqual({ at, exitCode: 2 });
    }
  });
});

describe('snapshot save', () => {
  const stream = (body: BodyInit) =>
    new Response(body, { headers: { 'content-type': 'application/octet-stream' } });
  const ENDPOINT = 'http://127.0.0.1:8080';

  test('writes what is whole, under its name at last, and shows what it is', async () => {
    const path = join(temp.path, 'saved.jsonl');
    const hosts = { [ENDPOINT]: () => stream(bytes) };
    const { exitCode, out } = await runCli(['snapshot', 'save', path, '--json'], hosts);
    expect(exitCode).toBe(0);
    expect(json(out)).toMatchObject({ file: path, revision: 4, keys: 2, bytes: bytes.length });
    expect(new Uint8Array(readFileSync(path))).toEqual(bytes);
  });

  test('a stream that breaks is begun anew; in the end it fails, and leaves nothing', async () => {
    const path = join(temp.path, 'broken.jsonl');
    let begun = 0;
    const breaking = (good: number) => (): FakeAnswer | Response => {
      begun += 1;
      if (begun === good) return stream(bytes);
      let isFirst = true;
      const body = new ReadableStream({
        pull(controller) {
          if (isFirst) controller.enqueue(bytes.subarray(0, 100));
          else controller.error(new Error('ECONNRESET'));
          isFirst = false;
        },
      });
      return stream(body);
    };
    const good = await runCli(['snapshot', 'save', path], { [ENDPOINT]: breaking(3) });
    expect(good.exitCode).toBe(0);
    begun = 0;
    const other = join(temp.path, 'never.jsonl');
    const bad = await runCli(['snapshot', 'save', other], { [ENDPOINT]: breaking(0) });
    expect(bad.exitCode).toBe(6);
    expect(bad.note).toContain('the connection broke before the backup was whole');
    expect(readdirSync(temp.path).filter((name) => name.startsWith('never'))).toEqual([]);
  });

  test('one that ends too early is no backup', async () => {
    const path = join(temp.path, 'short.jsonl');
    const hosts = { [ENDPOINT]: () => stream(bytes.subarray(0, 500)) };
    const { exitCode } = await runCli(['snapshot', 'save', path], hosts);
    expect(exitCode).toBe(2);
    expect(readdirSync(temp.path).filter((name) => name.startsWith('short'))).toEqual([]);
  });

  test('where it cannot write, it says so', async () => {
    const hosts = { [ENDPOINT]: () => stream(bytes) };
    const { exitCode, note } = await runCli(['snapshot', 'save', '/nowhere/b.jsonl'], hosts);
    expect(exitCode).toBe(1);
    expect(note).toContain('/nowhere/b.jsonl cannot be written');
  });
});
