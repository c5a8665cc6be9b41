import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { AssertionError } from '../../src/lib/assert.ts';
import type { ClusterId, MemberId } from '../../src/lib/ids.ts';
import { decodeLine, encodeBatch } from '../../src/storage/wal-line.ts';
import type { WalRecord } from '../../src/storage/wal-record.ts';
import { headerRecord } from '../../src/storage/wal-segment.ts';
import { hardState, IDENTITY } from './support.ts';

const carried = { identity: IDENTITY, torn: false, state: hardState(0), snapshots: [] };
const entryOf = (json: string): WalRecord => ({ kind: 'entry', index: 118, term: 7, json });
const ALL: WalRecord[] = [
  headerRecord(3, 118, carried, true),
  entryOf('{"v":1,"kind":"put","key":"caf\u00c3\u00a9"}'),
  { kind: 'snapshot', snapshot: { index: 100, term: 6, hash: 'ab'.repeat(32), install: false } },
  { kind: 'synced' },
  { kind: 'recovered' },
  { kind: 'state', state: { term: 7, vote: '8391' as MemberId } },
];

describe('golden lines', () => {
  test('the form of every line is what it was', async () => {
    const { text, crc } = encodeBatch(ALL, '1d0f3c22', 42);
    expect(text).toBe(await Bun.file(join(import.meta.dir, 'golden-wal.jsonl')).text());
    expect(crc).toBe('85aa85e4');
  });

  test('every line is JSON with its fields in order', () => {
    const lines = encodeBatch(ALL, '1d0f3c22', 42).text.trimEnd().split('\n');
    const keys = lines.map((line) => Object.keys(JSON.parse(line)));
    expect(keys.slice(0, -1).every((names) => names.length === 4)).toBe(true);
    expect(keys.at(-1)).toEqual(['crc', 'prev', 'batch', 'last', 'state']);
  });
});

describe('reading a line', () => {
  test('gives back what was written, chained', () => {
    const { text, crc } = encodeBatch(ALL, '1d0f3c22', 42);
    let prev = '1d0f3c22';
    for (const [at, line] of text.trimEnd().split('\n').entries()) {
      const decoded = decodeLine(Buffer.from(line));
      if (decoded.type !== 'line') throw new Error(decoded.found);
      const record = ALL[at];
      expect(decoded.line.record).toEqual(record as WalRecord);
      expect(decoded.line.prev).toBe(prev);
      expect(decoded.line.batch).toBe(42);
      expect(decoded.line.last).toBe(at === ALL.length - 1);
      prev = decoded.line.crc;
    }
    expect(prev).toBe(crc);
  });

  test.each([
    ['every byte', Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')],
    ['text beyond one byte', '\u0100\u2028\u{1f600}'],
    ['lone surrogates', '\ud800 \udc00'],
    ['what looks like a line', '{"crc":"00000000","prev":"00000000","batch":9,"last":true}'],
    ['what looks like a field', '"command":{}'],
    ['a prototype', '__proto__'],
  ])('the text of a command survives: %s', (_, value) => {
    const json = JSON.stringify({ v: 1, kind: 'put', key: value, command: { [value]: value } });
    const { text } = encodeBatch([entryOf(json)], '00000000', 1);
    const decoded = decodeLine(Buffer.from(text).subarray(0, -1));
    if (decoded.type !== 'line' || decoded.line.record.kind !== 'entry') throw new Error('bad');
    expect(decoded.line.record.json).toBe(json);
  });

  test('a line from the middle of a larger buffer is judged by its own bytes', () => {
    const { text } = encodeBatch(ALL, '00000000', 1);
    const bytes = new Uint8Array(Buffer.from(`xx${text}`));
    const line = bytes.subarray(2, bytes.indexOf(0x0a));
    expect(decodeLine(line).type).toBe('line');
  });

  test('any change of any byte is noticed', () => {
    const bytes = Buffer.from(encodeBatch([ALL[1] as WalRecord], '00000000', 1).text).subarray(
      0,
      -1,
    );
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        expect(decodeLine(bytes).type).toBe('bad');
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      }
    }
    expect(decodeLine(bytes).type).toBe('line');
  });

  test('every beginning of a line is bad', () => {
    const bytes = Buffer.from(encodeBatch([ALL[0] as WalRecord], '00000000', 1).text).subarray(
      0,
      -1,
    );
    for (let size = 0; size < bytes.length; size += 1) {
      expect(decodeLine(bytes.subarray(0, size)).type).toBe('bad');
    }
  });

  test.each([
    ',"prev":"00000000","batch":1,"unknown":{}}',
    ',"prev":"00000000","batch":0,"synced":true}',
    ',"prev":"00000000","batch":1,"synced":false}',
    ',"prev":"00000000","batch":1,"entry":{"index":0,"term":1,"command":{}}}',
    ',"prev":"00000000","batch":1,"entry":{"index":1,"term":1,"command":[]}}',
    ',"prev":"00000000","batch":1,"entry":{"term":1,"index":1,"command":{}}}',
    ',"prev":"00000000","batch":1,"state":{"term":-1,"vote":null}}',
    ',"prev":"00000000","batch":1,"state":{"term":1}}',
    ',"prev":"00000000","batch":1,"state":{"term":1,"vote":"0"}}',
    ',"prev":"00000000","batch":1,"snapshot":{"index":1,"term":1,"hash":"","install":true}}',
    ',"prev":"00000000","batch":1,"header":{"format":1}}',
    '}',
  ])('a good checksum over nonsense is told apart from damage: %s', (body) => {
    const crc = Bun.hash.crc32(body).toString(16).padStart(8, '0');
    expect(decodeLine(Buffer.from(`{"crc":"${crc}"${body}`)).type).toBe('wrong');
  });
});

describe('what may not be written', () => {
  const header = { ...carried.identity, clusterId: '0' as ClusterId };
  test.each<[string, WalRecord]>([
    ['an index of 0', { kind: 'entry', index: 0, term: 1, json: '{}' }],
    ['a broken index', { kind: 'entry', index: 1.5, term: 1, json: '{}' }],
    ['a huge index', { kind: 'entry', index: 2 ** 53, term: 1, json: '{}' }],
    ['a negative term', { kind: 'entry', index: 1, term: -1, json: '{}' }],
    ['a command that is no object', entryOf('[1]')],
    ['a command with a line break', entryOf('{\n}')],
    ['a command with a lone surrogate', entryOf('{"a":"\ud800"}')],
    ['a vote that is no id', { kind: 'state', state: { term: 1, vote: '01' as MemberId } }],
    ['a cluster id of 0', headerRecord(1, 1, { ...carried, identity: header }, false)],
  ])('%s', (_, record) => {
    expect(() => encodeBatch([record], '00000000', 1)).toThrow(AssertionError);
  });
});
