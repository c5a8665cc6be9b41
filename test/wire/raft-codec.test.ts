import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { ApiError } from '../../src/wire/errors.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeMessage,
  responseTypeOf,
} from '../../src/wire/raft-codec.ts';
import { MAX_TERM } from '../../src/wire/raft-schemas.ts';
import { commonWireVersion, formatWireRange, parseWireRange } from '../../src/wire/raft-version.ts';
import {
  A,
  appendRequest,
  configurationEntry,
  putEntry,
  requests,
  responseTo,
} from '../transport/samples.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function expectMalformed(run: () => unknown): void {
  let error: unknown;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).code).toBe('bad-request');
}

describe('peer messages', () => {
  for (const request of requests()) {
    test(`${request.type} ${request.seq} and its response survive the wire`, () => {
      expect(decodeRequest(request.type, bytes(encodeMessage(request)))).toEqual(request);
      const response = responseTo(request);
      const type = responseTypeOf(request.type);
      expect(decodeResponse(type, bytes(encodeMessage(response)))).toEqual(response);
    });
  }

  test('the text of a command is the same byte by byte, however it was written', () => {
    const json = '{ "at":1e0,"v":1, "kind":"put","requestId":null,"by":null,"x":"\\u0041"}';
    const entry = { ...putEntry(5, 7), json };
    const text = encodeMessage(appendRequest(1, [entry]));
    expect(text.split('\n')[1]).toBe(`{"index":5,"term":7,"command":${json}}`);
    const decoded = decodeRequest('append', bytes(text));
    expect(decoded.type === 'append' && decoded.entries[0]?.json).toBe(json);
  });

  test('any bytes of a value survive', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (value) => {
        const entry = putEntry(5, 7, Buffer.from(value).toString('latin1'));
        const message = appendRequest(1, [entry]);
        expect(decodeRequest('append', bytes(encodeMessage(message)))).toEqual(message);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('no part of a message is enough', () => {
    const text = encodeMessage(appendRequest(1, [putEntry(5, 3), putEntry(6, 7)]));
    const whole = bytes(text);
    for (let length = 0; length < whole.length; length += 1) {
      expectMalformed(() => decodeRequest('append', whole.subarray(0, length)));
    }
    expectMalformed(() => decodeRequest('append', bytes(`${text}\n`)));
    expectMalformed(() => decodeRequest('append', bytes(`${text}${text.split('\n')[2]}\n`)));
  });

  test('garbage is refused, never anything else', () => {
    const text = encodeMessage(appendRequest(1, [putEntry(5, 3), configurationEntry(6, 7)]));
    const whole = bytes(text);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = whole.slice();
        bad[at] = (bad[at] ?? 0) ^ flip;
        try {
          decodeRequest('append', bad);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
      { seed: 2, numRuns: 2000 },
    );
  });

  test('bytes that are not UTF-8', () => {
    expectMalformed(() => decodeRequest('vote', Uint8Array.of(0xff, 0x0a)));
  });
});

describe('what an envelope may not say', () => {
  const vote = requests()[1];
  const wrong: Record<string, object> = {
    'a term beyond the range': { term: MAX_TERM + 1 },
    'a negative term': { term: -1 },
    'a fraction': { seq: 1.5 },
    'an unsafe integer': { seq: 2 ** 53 },
    'a number as a string': { lastIndex: '5' },
    'no sender': { from: undefined },
    'an id with a leading zero': { from: '01' },
    'an id beyond 63 bits': { from: '9223372036854775808' },
    'an id that is a number': { to: 5 },
    'another type': { type: 'pre-vote' },
    'a response for a request': { type: 'vote-response' },
    'a field that nobody knows': { extra: 1 },
    'a flag that is a number': { transfer: 1 },
  };
  test('the sample itself is fine', () => {
    expect(decodeRequest('vote', bytes(`${JSON.stringify(vote)}\n`))).toEqual(vote as never);
  });
  for (const [what, change] of Object.entries(wrong)) {
    test(what, () => {
      const text = `${JSON.stringify({ ...vote, ...change })}\n`;
      expectMalformed(() => decodeRequest('vote', bytes(text)));
    });
  }
});

test('what is a message of one line has no other behind it', () => {
  const [, vote] = requests();
  const line = `${JSON.stringify(vote)}\n`;
  expectMalformed(() => decodeRequest('vote', bytes(line + line)));
  expectMalformed(() => decodeRequest('vote', bytes(line.trimEnd())));
});

describe('what an append may not say', () => {
  const refuse = (what: string, message: Parameters<typeof encodeMessage>[0]) => {
    test(what, () => {
      expectMalformed(() => decodeRequest('append', bytes(encodeMessage(message))));
    });
  };
  const good = appendRequest(1, [putEntry(5, 3), putEntry(6, 4)]);
  test('the sample itself is fine', () => {
    expect(decodeRequest('append', bytes(encodeMessage(good)))).toEqual(good);
  });
  refuse('a gap', { ...good, entries: [putEntry(5, 3), putEntry(7, 4)] });
  refuse('a first entry that does not follow', { ...good, prevIndex: 3 });
  refuse('terms that fall', { ...good, entries: [putEntry(5, 4), putEntry(6, 3)] });
  refuse('a term before the previous one', { ...good, prevTerm: 4 });
  refuse('a term after its own', { ...good, entries: [putEntry(5, 8)] });
  refuse('a previous term after its own', { ...appendRequest(1), prevTerm: 8 });
  refuse('a term at index 0', { ...appendRequest(1), prevIndex: 0 });
  refuse('a command without a kind', {
    ...good,
    entries: [{ ...putEntry(5, 3), json: '{"v":1,"requestId":null,"at":1,"by":null}' }],
  });
  refuse('two objects in the place of one', {
    ...good,
    entries: [{ ...putEntry(5, 3), json: `${putEntry(5, 3).json},"x":{}` }],
  });
  refuse('a membership with a bad id', {
    ...good,
    entries: [
      { ...configurationEntry(5, 3), json: configurationEntry(5, 3).json.replaceAll(A, '0') },
    ],
  });

  test.each([0, 1, 3])('a count that is not the number of entries: %d', (count) => {
    const text = encodeMessage(good).replace('"count":2', `"count":${count}`);
    expectMalformed(() => decodeRequest('append', bytes(text)));
  });

  test('what is no UTF-8, or begins with a mark of its order', () => {
    const whole = bytes(encodeMessage(good));
    const value = Buffer.from(whole).lastIndexOf('"key":"') + 7;
    expect(value).toBeGreaterThan(7);
    for (const at of [0, value]) {
      const mark = at === 0 ? [0xef, 0xbb, 0xbf] : [0xff];
      const wrong = Uint8Array.from([...whole.subarray(0, at), ...mark, ...whole.subarray(at)]);
      expectMalformed(() => decodeRequest('append', wrong));
    }
  });

  test('a membership of a version to come is for the core to stop at', () => {
    const json = '{"v":2,"kind":"configuration","requestId":null,"at":1,"by":null}';
    const message = { ...good, entries: [{ ...putEntry(5, 3), json }] };
    const decoded = decodeRequest('append', bytes(encodeMessage(message)));
    expect(decoded.type === 'append' && decoded.entries[0]?.command.v).toBe(2);
  });
});

test('versions: the newest both know', () => {
  expect(parseWireRange(formatWireRange({ min: 2, max: 5 }))).toEqual({ min: 2, max: 5 });
  for (const bad of ['', '1', '2-1', '0-1', '1-2-3', '1- 2', '01-2', '1-9999999']) {
    expect(parseWireRange(bad)).toBeNull();
  }
  expect(commonWireVersion({ min: 1, max: 3 }, { min: 2, max: 7 })).toBe(3);
  expect(commonWireVersion({ min: 1, max: 1 }, { min: 2, max: 7 })).toBeNull();
  expect(commonWireVersion({ min: 4, max: 7 }, { min: 1, max: 3 })).toBeNull();
});
