import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  base64OfBytes,
  bufferOfBytes,
  type ByteString,
  bytesOfBase64,
  bytesOfBuffer,
  bytesOfText,
  EMPTY_BYTES,
  isByteString,
  prefixEnd,
  textOfBytes,
} from '../../src/lib/bytes.ts';

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Bytes from numbers. */
function bytes(...values: number[]): ByteString {
  return bytesOfBuffer(Uint8Array.from(values));
}

const anyBuffer = fc.uint8Array({ maxLength: 40 });

describe('buffers', () => {
  test('every byte becomes the character of its number', () => {
    const all = bytesOfBuffer(ALL_BYTES);
    expect(all).toHaveLength(256);
    for (let byte = 0; byte < 256; byte += 1) expect(all.charCodeAt(byte)).toBe(byte);
    expect(bufferOfBytes(all)).toEqual(ALL_BYTES);
  });

  test('only the window of a view is read', () => {
    const window = new Uint8Array(ALL_BYTES.buffer, 0x41, 3);
    expect(bytesOfBuffer(window) as string).toBe('ABC');
  });

  test('the buffer is its own: writing to it changes nothing else', () => {
    const source = bytes(1, 2);
    bufferOfBytes(source)[0] = 9;
    expect(bufferOfBytes(source)).toEqual(Uint8Array.of(1, 2));
    expect(bufferOfBytes(EMPTY_BYTES)).toHaveLength(0);
  });

  test('a megabyte survives', () => {
    const large = new Uint8Array(2 ** 20).map((_, i) => (i * 31) & 0xff);
    expect(bufferOfBytes(bytesOfBuffer(large))).toEqual(large);
  });

  test('a character above U+00FF is refused instead of cut', () => {
    expect(() => bufferOfBytes('\u0100' as ByteString)).toThrow();
    expect(() => base64OfBytes('\u0141' as ByteString)).toThrow();
  });
});

describe('text', () => {
  test.each([
    ['ascii', 'plain key', 'plain key'],
    ['nothing', '', ''],
    ['control characters', '\u0000\n\u007f', '\u0000\n\u007f'],
    ['two bytes', 'é', '\u00c3\u00a9'],
    ['U+00FF, which is a byte and also a text', '\u00ff', '\u00c3\u00bf'],
    ['the first of two bytes', '\u0080', '\u00c2\u0080'],
    ['three bytes', '€', '\u00e2\u0082\u00ac'],
    ['astral', '😀', '\u00f0\u009f\u0098\u0080'],
    ['byte order mark', '\ufeffa', '\u00ef\u00bb\u00bfa'],
  ])('%s', (_name, text, encoded) => {
    expect(bytesOfText(text) as string).toBe(encoded);
    expect(textOfBytes(encoded as ByteString)).toBe(text);
  });

  test.each(['\ud800', 'a\udfff', '\udc00\ud800'])(
    'a lone surrogate becomes U+FFFD: %p',
    (text) => {
      expect(textOfBytes(bytesOfText(text))).toBe(text.replaceAll(/[\ud800-\udfff]/g, '\ufffd'));
    },
  );

  test.each([
    ['a lone continuation', [0x80]],
    ['never a byte of UTF-8', [0xff]],
    ['an unfinished sequence', [0xe2, 0x82]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong zero', [0xc0, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['good, then bad', [0x61, 0xc3, 0xa9, 0xc3]],
  ])('is not: %s', (_name, values) => {
    expect(textOfBytes(bytes(...values))).toBeNull();
    // A failed decoding leaves nothing behind for the next.
    expect(textOfBytes(bytes(0xc3, 0xa9))).toBe('é');
  });

  test('text survives, and so do the bytes of whatever is text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(textOfBytes(bytesOfText(text))).toBe(text);
      }),
      { seed: 1 },
    );
    fc.assert(
      fc.property(anyBuffer, (buffer) => {
        const source = bytesOfBuffer(buffer);
        const text = textOfBytes(source);
        if (text !== null) expect(bytesOfText(text)).toBe(source);
      }),
      { seed: 2 },
    );
  });

  test('the order of byte strings is the order of their bytes, not of UTF-16 units', () => {
    // As text, U+10000 sorts before U+FFFF; its bytes sort after.
    const [astral, last] = ['\u{10000}', '\uffff'];
    expect(astral < last).toBeTrue();
    expect(bytesOfText(astral) > bytesOfText(last)).toBeTrue();
    fc.assert(
      fc.property(anyBuffer, anyBuffer, (a, b) => {
        const [left, right] = [bytesOfBuffer(a), bytesOfBuffer(b)];
        expect(left < right).toBe(Buffer.compare(a, b) < 0);
      }),
      { seed: 3 },
    );
  });
});

describe('base64', () => {
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['\u00fb\u00ff\u00fe', '+//+'],
  ])('RFC 4648 §10: %p', (plain, encoded) => {
    expect(base64OfBytes(plain as ByteString)).toBe(encoded);
    expect(bytesOfBase64(encoded) as string | null).toBe(plain);
  });

  test.each([
    ['no padding', 'Zg'],
    ['half a padding', 'Zg='],
    ['too much padding', 'Zm9v='],
    ['padding alone', '='],
    ['white space', 'Zm 9v'],
    ['a newline at the end', 'Zm9v\n'],
    ['the alphabet of URLs', '-__-'],
    ['stray bits at the end', 'Zh=='],
    ['a character outside', 'Zm9*'],
    ['a character beyond Latin-1', 'Zm9\u0176'],
    ['one digit alone', 'Z'],
    ['something after the padding', 'Zg==Zg=='],
  ])('refuses %s', (_name, text) => {
    expect(bytesOfBase64(text)).toBeNull();
  });

  test('round trip', () => {
    fc.assert(
      fc.property(anyBuffer, (buffer) => {
        const source = bytesOfBuffer(buffer);
        expect(base64OfBytes(source)).toBe(Buffer.from(buffer).toString('base64'));
        expect(bytesOfBase64(base64OfBytes(source))).toBe(source);
      }),
      { seed: 4 },
    );
  });
});

describe('prefixEnd', () => {
  test.each<[number[], number[] | null]>([
    [[], null],
    [[0x61], [0x62]],
    [
      [0x61, 0x00],
      [0x61, 0x01],
    ],
    [
      [0x61, 0xfe],
      [0x61, 0xff],
    ],
    [[0x61, 0xff], [0x62]],
    [[0x61, 0xff, 0xff], [0x62]],
    [[0x7f], [0x80]],
    [[0xff], null],
    [[0xff, 0xff], null],
    [
      [0xff, 0x00],
      [0xff, 0x01],
    ],
  ])('%p', (prefix, end) => {
    expect(prefixEnd(bytes(...prefix))).toBe(end === null ? null : bytes(...end));
  });

  test('a key is below it and not below the prefix exactly when it begins with the prefix', () => {
    const few = fc.array(fc.constantFrom(0, 1, 0x61, 0xfe, 0xff), { maxLength: 4 });
    fc.assert(
      fc.property(few, few, (p, k) => {
        const [prefix, key] = [bytes(...p), bytes(...k)];
        const end = prefixEnd(prefix);
        expect(key >= prefix && (end === null || key < end)).toBe(key.startsWith(prefix));
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
});

test('isByteString', () => {
  expect(isByteString('')).toBeTrue();
  expect(isByteString(bytesOfBuffer(ALL_BYTES))).toBeTrue();
  expect(isByteString('line\nline\u2028')).toBeFalse();
  expect(isByteString('line\n\u00ff')).toBeTrue();
  expect(isByteString('\u0100')).toBeFalse();
  expect(isByteString(`${'a'.repeat(10_000)}😀`)).toBeFalse();
});
