import { type Static, Type } from '@sinclair/typebox';
import { type ApiError, ERRORS, type ErrorCode } from './errors.ts';

/** The media type of every answer that is not a success (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json';

/** An error as the client sees it. Further fields depend on the code. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'A URI that names the kind of error.' }),
    title: Type.String({ description: 'The kind of error, in words. The same for every case.' }),
    status: Type.Integer({ description: 'The status code of the answer.' }),
    detail: Type.String({ description: 'What was wrong this time.' }),
    code: Type.String({ description: 'A stable name of the error, for programs.' }),
    applied: Type.Union([Type.Literal('no'), Type.Literal('unknown')], {
      description:
        '"no" promises that the request had no effect; "unknown" says that it may have had one.',
    }),
  },
  { $id: 'Problem', additionalProperties: true, description: 'An error (RFC 9457).' },
);
export type Problem = Static<typeof Problem>;

/** The document of one error. Extra fields cannot replace the standard ones. */
export function problemOf(error: ApiError): Problem {
  const standard = problemFields(error.code, error.message);
  return { ...standard, ...error.fields, ...standard };
}

/** The standard fields of a problem document. */
export function problemFields(code: ErrorCode, detail: string): Problem {
  const { status, title, applied } = ERRORS[code];
  return { type: `urn:abcd:error:${code}`, title, status, detail, code, applied };
}

/**
 * Seconds after which a client may try again, for errors that pass by themselves; null for all
 * others (RFC 9110 section 10.2.3).
 */
export function retryAfterOf(code: ErrorCode): number | null {
  const { status } = ERRORS[code];
  return status === 429 || status === 503 ? 1 : null;
}
