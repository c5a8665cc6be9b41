/** The media types of answers that are neither JSON nor errors. */

export const EVENT_STREAM = 'text/event-stream';
export const NDJSON = 'application/x-ndjson';
export const OCTETS = 'application/octet-stream';
