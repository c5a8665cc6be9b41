import type { TSchema } from '@sinclair/typebox';
import type { ErrorCode } from './errors.ts';
import { ERRORS } from './errors.ts';
import { PROBLEM_TYPE, retryAfterOf } from './problem.ts';

/**
 * ENDPOINTS AS DATA
 *
 * Each endpoint is declared once: what it takes, what it answers, how it fails, with an example of
 * each. The OpenAPI document (3.0.3) is made of these declarations and of nothing else.
 */
export interface Endpoint {
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'head';
  /** In the form of OpenAPI: `/cluster/members/{id}`. */
  readonly path: string;
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: Content & { readonly required: boolean };
  /** By status code, successes and 304. */
  readonly answers: Readonly<Record<number, Answer>>;
  readonly errors: readonly ErrorCode[];
}

export type Tag =
  | 'Keys'
  | 'Transactions'
  | 'Watch'
  | 'Leases'
  | 'Locks'
  | 'Elections'
  | 'Cluster'
  | 'Node'
  | 'Operations'
  | 'Peers';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description: string;
  readonly schema: TSchema;
  readonly example: string | number | boolean;
}

export interface Content {
  readonly contentType: string;
  readonly schema: TSchema;
  readonly example: unknown;
}

export interface Answer {
  readonly description: string;
  readonly content?: readonly Content[];
  /** Names of headers beyond the common ones. */
  readonly headers?: readonly HeaderName[];
}

/** What the response headers mean, common ones first. */
export const HEADERS = {
  'Abcd-Revision': 'The revision of the store that answered.',
  'Abcd-Cluster': 'The id of the cluster.',
  'Abcd-Member': 'The id of the member that answered.',
  'Abcd-Term': 'The term of the member that answered.',
  'X-Request-Id': 'The id of the request: the one it came with, or a new one.',
  ETag: "The key's modRevision, in quotes.",
  'Retry-After': 'Seconds after which the request may be sent again.',
} as const;

type HeaderName = keyof typeof HEADERS;

const COMMON_HEADERS = [
  'Abcd-Revision',
  'Abcd-Cluster',
  'Abcd-Member',
  'Abcd-Term',
  'X-Request-Id',
] as const;

/** A plain JSON object of an OpenAPI document. */
type Json = Record<string, unknown>;

/** The "operation object" of an endpoint. */
function operationOf(endpoint: Endpoint): Json {
  const { id, tag, summary, description, parameters, body } = endpoint;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters: parameters.map(parameterOf) }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: body.required, content: contentOf([body]) } }),
    responses: responsesOf(endpoint),
  };
}

/** Endpoints by path and method, as OpenAPI's "paths object" has them. */
export function pathsOf(endpoints: readonly Endpoint[]): Record<string, Json> {
  const paths = new Map<string, Json>();
  for (const endpoint of endpoints) {
    const operations = paths.get(endpoint.path) ?? {};
    operations[endpoint.method] = operationOf(endpoint);
    paths.set(endpoint.path, operations);
  }
  return Object.fromEntries(paths);
}

function parameterOf(parameter: Parameter): Json {
  const { schema, required, ...rest } = parameter;
  return { ...rest, required: required ?? parameter.in === 'path', schema: referenceTo(schema) };
}

function responsesOf(endpoint: Endpoint): Json {
  const responses = new Map<string, Json>();
  for (const [status, answer] of Object.entries(endpoint.answers)) {
    responses.set(status, responseOf(answer));
  }
  for (const [status, codes] of byStatus(endpoint.errors)) {
    responses.set(status, errorResponseOf(codes));
  }
  return Object.fromEntries(responses);
}

function responseOf({ description, headers, content }: Answer): Json {
  return {
    description,
    headers: headersOf([...COMMON_HEADERS, ...(headers ?? [])]),
    ...(content === undefined ? {} : { content: contentOf(content) }),
  };
}

function byStatus(codes: readonly ErrorCode[]): Map<string, ErrorCode[]> {
  const grouped = new Map<string, ErrorCode[]>();
  for (const code of codes) {
    const status = String(ERRORS[code].status);
    grouped.set(status, [...(grouped.get(status) ?? []), code]);
  }
  return grouped;
}

/** Errors have the common headers too; repeating them here would double the document. */
function errorResponseOf(codes: readonly ErrorCode[]): Json {
  const examples: Json = {};
  for (const code of codes) examples[code] = { $ref: `#/components/examples/${code}` };
  const retry = codes.some((code) => retryAfterOf(code) !== null);
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
    ...(retry ? { headers: headersOf(['Retry-After']) } : {}),
    content: {
      [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' }, examples },
    },
  };
}

function headersOf(names: readonly HeaderName[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function contentOf(contents: readonly Content[]): Json {
  return Object.fromEntries(
    contents.map(({ contentType, schema, example }) => [
      contentType,
      { schema: referenceTo(schema), example },
    ]),
  );
}

/** The schema as OpenAPI 3.0 writes it: those with a name by reference, "null" as `nullable`. */
export function referenceTo(schema: TSchema): Json {
  const { $id } = schema;
  return $id === undefined ? inlineOf(schema) : { $ref: `#/components/schemas/${$id}` };
}

/** The schema itself, with the schemas inside it by reference. */
export function inlineOf(schema: TSchema): Json {
  const { $id: _, ...plain } = schema;
  return convert(plain) as Json;
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convertChild);
  if (typeof value !== 'object' || value === null) return value;
  // A schema that is a part of itself.
  if ('$ref' in value) return { $ref: `#/components/schemas/${String(value.$ref)}` };
  const entries = Object.entries(value).filter(([name]) => name !== '$id');
  const object: Json = Object.fromEntries(entries.map(([name, v]) => [name, convertChild(v)]));
  return openApi30(object);
}

function convertChild(value: unknown): unknown {
  const named = typeof value === 'object' && value !== null && '$id' in value;
  return named ? { $ref: `#/components/schemas/${String(value.$id)}` } : convert(value);
}

/** JSON Schema's `const`, `type: null` and numeric `exclusiveMinimum` do not exist in 3.0. */
function openApi30(object: Json): Json {
  const { const: constant, exclusiveMinimum, anyOf, ...rest } = object;
  if (constant !== undefined) return { ...rest, enum: [constant] };
  if (typeof exclusiveMinimum === 'number') {
    return { ...rest, minimum: exclusiveMinimum, exclusiveMinimum: true };
  }
  if (!Array.isArray(anyOf)) return object;
  const options: readonly Json[] = anyOf;
  const others = options.filter((option) => option['type'] !== 'null');
  const nullable = others.length < options.length ? { nullable: true } : {};
  const enums = others.map((option) => option['enum']);
  if (enums.length > 0 && enums.every(Array.isArray)) {
    return { ...rest, ...nullable, type: 'string', enum: enums.flat() };
  }
  const [only] = others;
  if (others.length === 1 && only !== undefined && !('$ref' in only)) {
    return { ...only, ...rest, ...nullable };
  }
  return { ...rest, ...nullable, anyOf: others };
}
