/** HOW EVENTS ARE WRITTEN, in all streams of this server: as server-sent events, or as lines. */

/** A server-sent event (WHATWG HTML section 9.2); null for one that nobody resumes from. */
export function serverEvent(id: number | null, event: string, data: object): string {
  const start = id === null ? '' : `id: ${id}\n`;
  return `${start}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Says nothing, so that a connection that is dead is noticed. */
export const SILENT_EVENT = ': heartbeat\n\n';

/** The same as a JSON object on a line of its own. */
export function eventLine(event: string, data: object): string {
  return `${JSON.stringify({ event, ...data })}\n`;
}

/**
 * A space before a JSON value is no part of it (RFC 8259 section 2): so every line is a value, for
 * readers that do not expect an empty one.
 */
export const SILENT_LINE = ' ';
