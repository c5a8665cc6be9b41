import { describe, expect, test } from 'bun:test';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { inlineOf, referenceTo } from '../../src/wire/endpoint.ts';
import { ENDPOINTS } from '../../src/wire/openapi.ts';

describe('schemas as OpenAPI 3.0 has them', () => {
  test.each([
    [Type.Literal('a'), { type: 'string', enum: ['a'] }],
    [Type.Union([Type.Literal('a'), Type.Literal('b')]), { type: 'string', enum: ['a', 'b'] }],
    [Type.Union([Type.String(), Type.Null()]), { type: 'string', nullable: true }],
    [
      Type.Union([Type.String(), Type.Integer()]),
      { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    ],
    [Type.Number({ exclusiveMinimum: 0 }), { type: 'number', minimum: 0, exclusiveMinimum: true }],
  ])('%j', (schema, expected) => {
    expect<unknown>(inlineOf(schema)).toEqual(expected);
  });

  test('a named schema is referred to, wherever it stands', () => {
    const named = Type.Object({}, { $id: 'Named' });
    const $ref = '#/components/schemas/Named';
    expect<unknown>(referenceTo(named)).toEqual({ $ref });
    expect<unknown>(inlineOf(Type.Array(named))).toEqual({ type: 'array', items: { $ref } });
    expect<unknown>(inlineOf(Type.Union([named, Type.Null()]))).toEqual({
      nullable: true,
      anyOf: [{ $ref }],
    });
    expect<unknown>(inlineOf(named)).toEqual({ type: 'object', properties: {} });
  });
});

describe('the declared endpoints', () => {
  test('have examples that fit their schemas', () => {
    for (const { id, body, answers } of ENDPOINTS) {
      const contents = [body, ...Object.values(answers).flatMap(({ content }) => content ?? [])];
      for (const content of contents) {
        if (content === undefined || content.schema['format'] === 'binary') continue;
        const errors = [...Value.Errors(content.schema, content.example)];
        expect(errors.map(({ path, message }) => `${id} ${path}: ${message}`)).toEqual([]);
      }
    }
  });

  test('name each error once', () => {
    for (const { id, errors } of ENDPOINTS) {
      expect(new Set(errors).size, id).toBe(errors.length);
    }
  });
});
