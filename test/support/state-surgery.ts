import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { StateMachine } from '../../src/kv/state-machine.ts';
import { bytesOfText } from '../../src/lib/bytes.ts';

/**
 * Gives the newest snapshot of a node that does not run another state: with a value that nobody
 * wrote, and with every checksum as if it had always been so. No disk does this; a defect might.
 */
export function corruptSnapshot(dataDir: string, key: string, value: string): void {
  const name = newestSnapshot(dataDir);
  const path = join(dataDir, name);
  const [header = '', ...rest] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const text = [header, ...linesWith(rest.slice(0, -1), key, value)].join('\n');
  const before = `${text}\n`;
  const lines = text.split('\n').length - 1;
  const whole = `${before}${JSON.stringify({ trailer: { lines, sha256: sha256(before) } })}\n`;
  writeFileSync(path, whole);
  const index = Number(/\d+/.exec(name)?.[0]);
  rewriteLog(dataDir, index, sha256(whole));
}

function newestSnapshot(dataDir: string): string {
  const names = readdirSync(dataDir).filter((name) => /^snapshot-\d+\.jsonl$/.test(name));
  const newest = names.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1)).at(-1);
  if (newest === undefined) throw new Error(`no snapshot in ${dataDir}`);
  return newest;
}

/** The lines of a state that has been written to once more, under the index it had. */
function linesWith(lines: readonly string[], key: string, value: string): readonly string[] {
  const machine = new StateMachine();
  const receiver = machine.restore();
  for (const line of lines) receiver.line(line);
  receiver.finish();
  const { appliedIndex } = machine;
  const pair = { key: bytesOfText(key), value: bytesOfText(value) };
  const stamp = { v: 1, kind: 'put', requestId: null, at: 0, by: null };
  machine.apply({ ...stamp, ...pair, condition: null, prev: false } as never, appliedIndex + 1);
  const [state = '', ...others] = [...machine.snapshot()];
  return [JSON.stringify({ ...(JSON.parse(state) as object), appliedIndex }), ...others];
}

/** Puts the snapshot's new hash into the log, and the chain of checksums right behind it. */
function rewriteLog(dataDir: string, index: number, hash: string): void {
  const names = readdirSync(join(dataDir, 'wal')).filter((name) => name.endsWith('.jsonl'));
  let prev: string | null = null;
  for (const name of names.toSorted()) {
    const path = join(dataDir, 'wal', name);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const rewritten = lines.map((line) => {
      const body = bodyOf(line, prev, index, hash);
      prev = crc32(body).toString(16).padStart(8, '0');
      return `{"crc":"${prev}"${body}`;
    });
    writeFileSync(path, `${rewritten.join('\n')}\n`);
  }
}

/** A line from after its own checksum on, with the one of the line before that it has now. */
function bodyOf(line: string, prev: string | null, index: number, hash: string): string {
  const body = line.slice('{"crc":"00000000"'.length);
  const chained =
    prev === null ? body : body.replace(/^,"prev":"[0-9a-f]{8}"/, `,"prev":"${prev}"`);
  const named = new RegExp(`("index":${index},"term":\\d+,"hash":")[0-9a-f]{64}"`, 'g');
  return chained.replace(named, `$1${hash}"`);
}

function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}
