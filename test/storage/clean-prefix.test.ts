import { describe, expect, test } from 'bun:test';
import { isCleanPrefix } from '../../src/storage/clean-prefix.ts';
import { encodeBatch } from '../../src/storage/wal-line.ts';
import { entry } from './support.ts';

const { index, term, json } = entry(118, 7, 'é\u00ff "quoted" \\ {[}] \u{1f600}');
const { text } = encodeBatch([{ kind: 'entry', index, term, json }], '1d0f3c22', 42);
const line = Buffer.from(text).subarray(0, -1);
const isClean = (bytes: Uint8Array): boolean => isCleanPrefix(bytes, '1d0f3c22', 42);

describe('what a killed process leaves of a line', () => {
  test('every beginning of the line that was due, cut at any byte, and the line itself', () => {
    for (let size = 1; size <= line.length; size += 1) {
      expect({ size, clean: isClean(line.subarray(0, size)) }).toEqual({ size, clean: true });
    }
  });

  test('not the line with anything in place of the newline', () => {
    for (let byte = 0; byte < 256; byte += 1) {
      expect(isClean(Buffer.concat([line, Buffer.from([byte])]))).toBe(false);
    }
  });

  test('not a beginning that goes on with the middle of another line', () => {
    const start = line.subarray(0, line.indexOf('"requestId"') + '"requestId"'.length);
    const other = Buffer.from('ue":"2000004"},{"key":"key-2","value":14}],"success":[{"type":"');
    expect(isClean(start)).toBe(true);
    expect(isClean(Buffer.concat([start, other]))).toBe(false);
  });

  test('not a whole line with a wrong checksum', () => {
    const wrong = Buffer.from(line.toString().replace('quoted', 'quotes'));
    expect(isClean(wrong)).toBe(false);
  });

  test('not a beginning with zeros, control characters or broken UTF-8 in it', () => {
    for (let size = 1; size < line.length; size += 1) {
      const start = line.subarray(0, size);
      for (const wrong of [[0], [0x1f], [0xff], [0xc3, 0x28]]) {
        const clean = isClean(Buffer.concat([start, Buffer.from(wrong)]));
        expect({ size, wrong, clean }).toEqual({ size, wrong, clean: false });
      }
    }
  });

  test('not the beginning of another line than the one that was due', () => {
    const start = line.subarray(0, 100);
    expect(isCleanPrefix(start, '1d0f3c23', 42)).toBe(false);
    expect(isCleanPrefix(start, '1d0f3c22', 41)).toBe(false);
    expect(isCleanPrefix(start, '1d0f3c22', 4)).toBe(false);
    expect(isClean(Buffer.from('{"crc":"9AE0'))).toBe(false);
    expect(isClean(Buffer.from('x'))).toBe(false);
  });
});
