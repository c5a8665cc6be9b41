/** What finds one client's request in the logs of every node that it passes. */
export interface Correlation {
  /** The header `X-Request-Id`, or what this node made up. */
  readonly requestId: string;
  /** The header `traceparent` (W3C Trace Context); null when the client sent none. */
  readonly traceparent: string | null;
}

/** A request id that is safe to repeat in headers and logs. */
export const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Version 00 of the W3C's `traceparent`. */
export const TRACE_PARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
