import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Prng } from '../../../src/lib/prng.ts';
import { tempDir } from '../temp-dir.ts';
import { parseFileCalls } from './file-calls.ts';
import { RecordedDisk } from './power-cut.ts';

const SEEDS = 60;
let dir = tempDir();
let targets = 0;

beforeEach(() => {
  dir = tempDir();
});

afterEach(() => dir[Symbol.dispose]());

const FOUNDED = `
7 1.0 mkdir("/d/n", 0700) = 0 <0.01>
7 1.1 openat(AT_FDCWD</x>, "/d", O_RDONLY|O_CLOEXEC) = 5</d> <0.01>
7 1.2 fsync(5</d>) = 0 <0.01>
7 1.3 openat(AT_FDCWD</x>, "/d/n/log.tmp", O_RDWR|O_CREAT|O_APPEND, 0600) = 6</d/n/log.tmp> <0.01>
7 1.4 write(6</d/n/log.tmp>, "one\\n", 4) = 4 <0.01>
8 1.5 fdatasync(6</d/n/log.tmp>) = 0 <0.01>
7 1.6 rename("/d/n/log.tmp", "/d/n/log") = 0 <0.01>
`;
const SYNCED = `7 1.7 fsync(9</d/n>) = 0 <0.01>\n`;

/** What is found of the log after each of many cuts; null where there is none. */
function found(trace: string, cutAt = Number.MAX_VALUE): Set<string | null> {
  const contents = new Set<string | null>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const disk = new RecordedDisk('/d');
    const prng = new Prng(seed);
    disk.replay(parseFileCalls(trace), cutAt, prng);
    const target = join(dir.path, `${(targets += 1)}`);
    disk.writeTo(target, prng);
    const path = join(target, 'n', 'log');
    contents.add(existsSync(path) ? readFileSync(path, 'latin1') : null);
  }
  return contents;
}

test('what was synced, name and all, is found whole after every cut', () => {
  expect(found(FOUNDED + SYNCED)).toEqual(new Set(['one\n']));
});

test('a name that no sync of its directory covers may be missing, or be the old one', () => {
  expect(found(FOUNDED)).toEqual(new Set([null, 'one\n']));
  const prng = new Prng(1);
  const disk = new RecordedDisk('/d');
  disk.replay(parseFileCalls(FOUNDED), Number.MAX_VALUE, prng);
  const names = new Set<string>();
  for (let i = 0; i < SEEDS; i += 1) {
    const target = join(dir.path, `names-${i}`);
    disk.writeTo(target, prng);
    names.add(readdirSync(join(target, 'n')).join());
  }
  expect(names).toEqual(new Set(['', 'log.tmp', 'log']));
});

test('of what was not synced any part may be there, or zeros', () => {
  const more = `7 2.0 write(6</d/n/log>, "twotwo", 6) = 6 <0.01>\n`;
  const contents = found(FOUNDED + SYNCED + more);
  for (const content of contents) expect(content).toStartWith('one\n');
  expect(contents).toContain('one\n');
  expect(contents).toContain('one\ntwotwo');
  expect(contents).toContain('one\ntwo');
  expect(contents).toContain('one\n\0\0\0\0\0\0');
});

test('a sync that had not ended promises nothing; one that had, what was written before it', () => {
  const more = `7 2.0 write(6</d/n/log>, "two", 3) = 3 <0.01>
8 2.1 fdatasync(6</d/n/log> <unfinished ...>
7 2.2 write(6</d/n/log>, "three", 5) = 5 <0.01>
8 2.5 <... fdatasync resumed>) = 0 <0.4>
`;
  const trace = FOUNDED + SYNCED + more;
  expect(found(trace, 2.4)).toContain('one\n');
  expect(found(trace, 2.15)).not.toContain('one\ntwothree');
  for (const content of found(trace, 2.6)) expect(content).toStartWith('one\ntwo');
  expect(found(trace, 2.6)).toContain('one\ntwo');
  // A failed sync promises nothing either.
  expect(found(trace.replace(') = 0 <0.4>', ') = -1 EIO (Input/output error) <0.4>'))).toContain(
    'one\n',
  );
});

test('a truncation that was not synced may not have happened', () => {
  const more = '7 2.0 ftruncate(6</d/n/log>, 1) = 0 <0.01>\n';
  const contents = found(FOUNDED + SYNCED + more);
  expect(contents).toContain('one\n');
  expect(contents).toContain('o');
});

test('what an earlier cut has left is durable, and is written on', () => {
  const root = join(dir.path, 'root');
  mkdirSync(join(root, 'n'), { recursive: true });
  writeFileSync(join(root, 'n', 'log'), 'one\n');
  const trace = `7 2.0 write(6<${root}/n/log>, "two", 3) = 3 <0.01>\n`;
  const contents = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const disk = new RecordedDisk(root);
    const prng = new Prng(seed);
    disk.load(join(root, 'n'));
    disk.replay(parseFileCalls(trace), 3, prng);
    disk.writeTo(join(dir.path, `again-${seed}`), prng);
    contents.add(readFileSync(join(dir.path, `again-${seed}`, 'n', 'log'), 'latin1'));
  }
  for (const content of contents) expect(content).toStartWith('one\n');
  expect(contents).toContain('one\n');
  expect(contents).toContain('one\ntwo');
});

test('strings are decoded to their bytes', () => {
  const [call] = parseFileCalls(
    String.raw`7 1.0 write(6</d/a b>, "\"a\\\n\0\377\3031", 9) = 9 <0.01>`,
  );
  expect(call?.strings).toEqual([Buffer.from('"a\\\n\0\xff\xc31', 'latin1')]);
});

test('a call that the end of the process cut off has no result', () => {
  const trace = `7 1.0 write(6</d/a>, "x", 1 <unfinished ...>\n7 1.1 <... write resumed>) = ?\n`;
  expect(parseFileCalls(trace)).toMatchObject([{ name: 'write', result: null }]);
  const cut = '7 1.0 write(6</d/a>, "x", 1 <unfinished ...>\n7 1.1 +++ killed by SIGKILL +++\n';
  expect(parseFileCalls(cut)).toMatchObject([{ name: 'write', result: null }]);
});

test('what the model does not know is said', () => {
  const disk = new RecordedDisk('/d');
  const calls = parseFileCalls(
    '7 1.0 linkat(AT_FDCWD</x>, "/d/a", AT_FDCWD</x>, "/d/b", 0) = 0 <0.01>',
  );
  expect(() => disk.replay(calls, 2, new Prng(1))).toThrow('unforeseen: linkat');
});
