import { describe, expect, test } from 'bun:test';
import { ApiError, ERRORS, type ErrorCode } from '../../src/wire/errors.ts';
import { problemOf, retryAfterOf } from '../../src/wire/problem.ts';

describe('problem documents', () => {
  test('have the standard fields first, and those of the error', () => {
    const document = problemOf(new ApiError('key-too-long', 'too long', { limit: 1024 }));
    expect<unknown>(document).toEqual({
      type: 'urn:abcd:error:key-too-long',
      title: 'The key is too long',
      status: 400,
      detail: 'too long',
      code: 'key-too-long',
      applied: 'no',
      limit: 1024,
    });
    expect(Object.keys(document).slice(0, 3)).toEqual(['type', 'title', 'status']);
  });

  test('cannot be made to lie by the fields of an error', () => {
    const fields = { applied: 'no', status: 200, code: 'ok', type: 'x', title: 'x', detail: 'x' };
    const honest = problemOf(new ApiError('timeout', 'late'));
    expect(problemOf(new ApiError('timeout', 'late', fields))).toEqual(honest);
    expect(honest.applied).toBe('unknown');
  });

  test('only errors that pass by themselves say when to try again', () => {
    const codes = Object.keys(ERRORS) as ErrorCode[];
    const passing = codes.filter((code) => retryAfterOf(code) !== null);
    expect(passing).toContain('no-leader');
    expect(passing).toContain('too-many-requests');
    expect(passing.every((code) => [429, 503].includes(ERRORS[code].status))).toBe(true);
  });

  test('every code is a token and has a status that HTTP knows as an error', () => {
    for (const [code, { status }] of Object.entries(ERRORS)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    }
  });
});
