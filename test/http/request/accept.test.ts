import { expect, test } from 'bun:test';
import { asksFor } from '../../../src/http/request/accept.ts';

const NDJSON = 'application/x-ndjson';

test.each<[string | null, boolean]>([
  [null, false],
  ['', false],
  ['*/*', false],
  ['application/*', false],
  ['application/json', false],
  [NDJSON, true],
  ['Application/X-NDJSON', true],
  [`text/html , ${NDJSON};charset=utf-8`, true],
  [`${NDJSON};q=0`, false],
  [`${NDJSON}; q=0.0`, false],
  [`${NDJSON};q=x`, false],
  [`application/json;q=0.5, ${NDJSON}`, true],
  [`application/json, ${NDJSON};q=0.5`, false],
  [`application/json, ${NDJSON}`, true],
  [`${NDJSON}x`, false],
])('%j asks for lines: %p', (accept, expected) => {
  expect(asksFor(NDJSON, accept)).toBe(expected);
});
