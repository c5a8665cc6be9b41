import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { jsonObjectEnd } from '../../src/storage/json-prefix.ts';

const VALUES = [
  {},
  { a: 1 },
  { a: [], b: {}, c: [1, -2.5, 1e21, 1e-7, 0, -0.5], d: [true, false, null], e: [[{}], 'x'] },
  { 'a"b\\': '\u0000\n\t"\\/é\u{1f600}', '': '' },
];

describe('the beginning of an object', () => {
  test('is one at every byte, until it is whole', () => {
    for (const value of VALUES) {
      const text = JSON.stringify(value);
      for (let size = 0; size < text.length; size += 1) {
        const beginning = text.slice(0, size);
        expect([beginning, jsonObjectEnd(beginning)]).toEqual([beginning, 'open']);
      }
      expect([text, jsonObjectEnd(text)]).toEqual([text, 'closed']);
      expect(jsonObjectEnd(`${text}x`)).toBe('closed');
    }
  });

  test('of anything is one', () => {
    const objects = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
    fc.assert(
      fc.property(objects, fc.nat(), (value, cut) => {
        const text = JSON.stringify(value);
        const size = cut % (text.length + 1);
        return jsonObjectEnd(text.slice(0, size)) === (size === text.length ? 'closed' : 'open');
      }),
    );
  });

  test.each([
    'x',
    '[',
    '"a"',
    '{"a"ue":1',
    '{"a"}',
    '{"a",',
    '{"a":}',
    '{"a":,',
    '{"a":1"b"',
    '{"a":1,}',
    '{"a":[1,]',
    '{"a":[,',
    '{"a":[1}',
    '{"a":{]',
    '{"a":01',
    '{"a":1.e',
    '{"a":-x',
    '{"a":.5',
    '{"a":1e5.',
    '{"a":tru,',
    '{"a":nul}',
    '{"a":trux',
    '{"a":"\\x',
    '{"a":"\\u00g',
    '{"a":"\n',
    '{"a":"b"c',
    '{"a": 1',
    '{,',
    '{1',
  ])('is not %j', (text) => {
    expect(jsonObjectEnd(text)).toBe('broken');
  });
});
