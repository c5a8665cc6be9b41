import { assert } from '../lib/assert.ts';
import { crcHex } from './checksum.ts';
import { WAL_FORMAT, type WalRecord, whyInvalid } from './wal-record.ts';

/**
 * ONE LINE OF THE LOG
 *
 *     {"crc":"9ae0daaf","prev":"1d0f3c22","batch":42,"last":true,"state":{"term":7,"vote":null}}
 *
 * `crc` covers every byte after its own closing quote up to the newline, so a line can be judged
 * alone; `prev` is the crc of the line before, so lines that are lost, doubled or swapped show. The
 * fields stand in exactly this order. The text of a command is copied in and sliced out, never
 * encoded anew: what one node wrote is what every node reads.
 */

/** Where a writer stands: the crc of the last line, and the number of the last batch. */
export interface ChainPosition {
  readonly crc: string;
  readonly batch: number;
}

/** Before the first line of a log. */
export const CHAIN_START: ChainPosition = { crc: '00000000', batch: 0 };

/** A line that is whole and says something this program knows. */
export interface WalLine {
  readonly crc: string;
  readonly prev: string;
  readonly batch: number;
  readonly last: boolean;
  readonly record: WalRecord;
}

/** What bytes between two newlines turned out to be. */
export type DecodedLine =
  | { readonly type: 'line'; readonly line: WalLine }
  /** The bytes are not what any writer wrote. */
  | { readonly type: 'bad'; readonly found: string }
  /** The checksum holds, but the content makes no sense: no disk did this. */
  | { readonly type: 'wrong'; readonly found: string };

/** How every line begins; inside a JSON string the quotes would be escaped. */
export const LINE_START = '{"crc":"';
const BODY_OFFSET = LINE_START.length + 9;

/**
 * The text of one batch and the crc of its last line.
 *
 * @param terminal whether the last record closes the batch; a large batch is encoded in pieces.
 */
export function encodeBatch(
  records: readonly WalRecord[],
  prev: string,
  batch: number,
  terminal = true,
): { readonly text: string; readonly crc: string } {
  let text = '';
  let crc = prev;
  for (const [position, record] of records.entries()) {
    const why = whyInvalid(record);
    assert(why === null, () => `cannot log this: ${why}`);
    const last = terminal && position === records.length - 1 ? '"last":true,' : '';
    const body = `,"prev":"${crc}","batch":${batch},${last}${payload(record)}}`;
    crc = crcHex(body);
    text += `${LINE_START}${crc}"${body}\n`;
  }
  return { text, crc };
}

function payload(record: WalRecord): string {
  switch (record.kind) {
    case 'entry':
      return `"entry":{"index":${record.index},"term":${record.term},"command":${record.json}}`;
    case 'header':
      return `"header":${JSON.stringify(record.header)}`;
    case 'state':
      return `"state":${JSON.stringify({ term: record.state.term, vote: record.state.vote })}`;
    case 'snapshot':
      return `"snapshot":${JSON.stringify(record.snapshot)}`;
    case 'synced':
    case 'recovered':
      return `"${record.kind}":true`;
  }
}

const PREFIX = /^,"prev":"([0-9a-f]{8})","batch":([1-9][0-9]{0,15}),("last":true,)?"([a-z]+)":/;
const ENTRY = /^\{"index":([1-9][0-9]{0,15}),"term":(0|[1-9][0-9]{0,15}),"command":/;
const PREFIX_BYTES = 80;
const ENTRY_BYTES = 64;

/** Judges the bytes of a line, without its newline. */
export function decodeLine(bytes: Uint8Array): DecodedLine {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const framed = buffer.toString('latin1', 0, LINE_START.length) === LINE_START;
  if (!framed || buffer[BODY_OFFSET - 1] !== 0x22) return bad('not a line of a log');
  const crc = buffer.toString('latin1', LINE_START.length, BODY_OFFSET - 1);
  const actual = crcHex(buffer.subarray(BODY_OFFSET));
  if (crc !== actual) return bad(`a line whose checksum is ${actual}, not ${JSON.stringify(crc)}`);

  const prefix = PREFIX.exec(buffer.toString('latin1', BODY_OFFSET, BODY_OFFSET + PREFIX_BYTES));
  if (prefix === null) return wrong('a line of unknown form');
  const [matched, prev = '', batch = '', last, kind = ''] = prefix;
  const record = decodeRecord(kind, buffer, BODY_OFFSET + matched.length);
  if (typeof record === 'string') return wrong(record);
  const why = whyInvalid(record);
  if (why !== null) return wrong(why);
  const line = { crc, prev, batch: Number(batch), last: last !== undefined, record };
  return { type: 'line', line };
}

function decodeRecord(kind: string, buffer: Buffer, start: number): WalRecord | string {
  if (buffer[buffer.length - 1] !== 0x7d) return `a ${kind} line without an end`;
  const end = buffer.length - 1;
  if (kind === 'entry') return decodeEntry(buffer, start, end);
  const value = parseJson(buffer.toString('utf8', start, end));
  switch (kind) {
    case 'header':
    case 'state':
    case 'snapshot':
      if (typeof value !== 'object' || value === null) return `a ${kind} line without an object`;
      return { kind, [kind]: value } as unknown as WalRecord;
    case 'synced':
    case 'recovered':
      return value === true ? { kind } : `a ${kind} line that is not true`;
    default:
      return `a line of the unknown kind ${kind}`;
  }
}

function decodeEntry(buffer: Buffer, start: number, end: number): WalRecord | string {
  const prefix = ENTRY.exec(buffer.toString('latin1', start, Math.min(end, start + ENTRY_BYTES)));
  if (prefix === null) return 'an entry of unknown form';
  const [matched, index, term] = prefix;
  const json = buffer.toString('utf8', start + matched.length, end - 1);
  return { kind: 'entry', index: Number(index), term: Number(term), json };
}

/**
 * The format that the first line of a segment names, when it is a newer one than this program
 * knows. Asked before the checksum, which a newer format may compute in another way.
 */
export function newerFormat(bytes: Uint8Array): number | null {
  const value = parseJson(Buffer.from(bytes).toString('utf8'));
  if (typeof value !== 'object' || value === null || !('header' in value)) return null;
  const { header } = value;
  if (typeof header !== 'object' || header === null || !('format' in header)) return null;
  return Number.isSafeInteger(header.format) && Number(header.format) > WAL_FORMAT
    ? Number(header.format)
    : null;
}

/** The value of a JSON text, or undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function bad(found: string): DecodedLine {
  return { type: 'bad', found };
}

function wrong(found: string): DecodedLine {
  return { type: 'wrong', found };
}
