import type { KvEvent } from '../../kv/event.ts';
import type { WatchChange, WatchEnd } from '../../node/watch/watch.ts';
import type { WatchEvent } from '../../wire/watch.ts';
import { eventLine, serverEvent, SILENT_EVENT, SILENT_LINE } from '../streams/event-text.ts';
import { keyFieldsOf, pairOf } from '../answer/pair.ts';

/** Why a stream ends that its reader did not end. */
export type StreamEnd = WatchEnd | { readonly reason: 'slow'; readonly revision: number };

/** Something to send, and how much it is in bytes. */
export interface Piece<T> {
  readonly data: T;
  readonly bytes: number;
}

/** How what a watch tells is written. `T` is what its transport takes. */
export interface WatchFormat<T> {
  /** So that the reader sees at once that the stream is open; null when it sees that anyway. */
  greeting(from: number): Piece<T> | null;
  change(change: WatchChange): Piece<T>;
  progress(revision: number): Piece<T>;
  canceled(end: StreamEnd): Piece<T>;
  /** Says nothing, so that a connection that is dead is noticed; null when others see to that. */
  readonly keepAlive: Piece<T> | null;
}

/**
 * Server-sent events. What the stream is complete up to is also the `id`, so that a browser which
 * connects again by itself goes on there, even when it has not been told of any change.
 */
export function eventFormat(): WatchFormat<Uint8Array> {
  const event = (id: number | null, type: string, data: object): Piece<Uint8Array> =>
    bytesOf(serverEvent(id, type, data));
  return {
    greeting: (from) => bytesOf(`: abcd watch\nid: ${from - 1}\n\n`),
    change: shared((change) => event(change.revision, 'change', shown(change))),
    progress: (revision) => event(revision, 'progress', { revision }),
    canceled: (end) => event(null, 'canceled', end),
    keepAlive: bytesOf(SILENT_EVENT),
  };
}

/** A JSON object a line. */
export function lineFormat(): WatchFormat<Uint8Array> {
  const line = (event: string, data: object): Piece<Uint8Array> => bytesOf(eventLine(event, data));
  const nothing = bytesOf(SILENT_LINE);
  return {
    greeting: () => nothing,
    change: shared((change) => line('change', shown(change))),
    progress: (revision) => line('progress', { revision }),
    canceled: (end) => line('canceled', end),
    keepAlive: nothing,
  };
}

/** The same objects as messages of a WebSocket, which has pings of its own. */
export function messageFormat(): WatchFormat<string> {
  const message = (event: string, value: object): Piece<string> => {
    const data = JSON.stringify({ event, ...value });
    return { data, bytes: Buffer.byteLength(data) };
  };
  return {
    greeting: () => null,
    change: shared((change) => message('change', shown(change))),
    progress: (revision) => message('progress', { revision }),
    canceled: (end) => message('canceled', end),
    keepAlive: null,
  };
}

/** Written once for all who are given the same change. */
function shared<T>(write: (change: WatchChange) => Piece<T>): (change: WatchChange) => Piece<T> {
  const written = new WeakMap<WatchChange, Piece<T>>();
  return (change) => {
    const known = written.get(change);
    if (known !== undefined) return known;
    const piece = write(change);
    written.set(change, piece);
    return piece;
  };
}

function shown({ revision, events, prev }: WatchChange) {
  return { revision, events: events.map((event) => shownEvent(event, prev)) };
}

function shownEvent({ type, kv, prev: before }: KvEvent, withPrev: boolean): WatchEvent {
  const prev = withPrev ? { prev: before === null ? null : pairOf(before) } : {};
  if (type === 'delete') {
    return { type, ...keyFieldsOf(kv.key), modRevision: kv.modRevision, ...prev };
  }
  return { type, ...pairOf(kv), ...prev };
}

function bytesOf(text: string): Piece<Uint8Array> {
  const data = Buffer.from(text);
  return { data, bytes: data.length };
}
