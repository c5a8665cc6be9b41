/**
 * RAFT MESSAGES AS NDJSON
 *
 * The first line is the message; an append says in `count` how many entries follow, one a line:
 *
 *     {"type":"append","from":"1","to":"2","term":7,…,"count":1}
 *     {"index":118,"term":7,"command":{…}}
 *
 * The text of a command is encoded once in the life of an entry: it is written here as it stands
 * and cut out of the line on arrival, so that every node holds the very same bytes. Decoding is the
 * gateway: what passes it is complete, in range and consistent within itself, and the core may rely
 * on that.
 */
import type { Command, Entry } from '../raft/entry.ts';
import type { Message, RequestMessage, ResponseMessage, SnapshotArrived } from '../raft/message.ts';
import { ApiError } from './errors.ts';
import {
  COMMAND_CHECK,
  CONFIGURATION_COMMAND_CHECK,
  MAX_TERM,
  REQUEST_CHECKS,
  RESPONSE_CHECKS,
} from './raft-schemas.ts';

/** The requests that travel; `SnapshotArrived` is made by the receiver's own shell. */
export type WireRequest = Exclude<RequestMessage, SnapshotArrived>;
export type WireMessage = WireRequest | ResponseMessage;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ENTRY_LINE = /^\{"index":([1-9][0-9]{0,15}),"term":([1-9][0-9]{0,15}),"command":/;

/** The NDJSON text of a message; every line ends with a newline. */
export function encodeMessage(message: WireMessage): string {
  if (message.type !== 'append') return `${JSON.stringify(message)}\n`;
  const { entries, ...head } = message;
  let text = `${JSON.stringify({ ...head, count: entries.length })}\n`;
  for (const { index, term, json } of entries) {
    text += `{"index":${index},"term":${term},"command":${json}}\n`;
  }
  return text;
}

/** A request of the given type. @throws ApiError `bad-request` for anything malformed. */
export function decodeRequest(type: WireRequest['type'], body: Uint8Array): WireRequest {
  const text = decodeText(body);
  const headEnd = text.indexOf('\n');
  if (headEnd === -1) throw malformed('the message does not end with a newline');
  const head = parseJson(text.slice(0, headEnd), 'the first line');
  if (type === 'append') return decodeAppend(head, text, headEnd + 1);
  if (headEnd + 1 !== text.length) throw malformed(`a ${type} has one line`);
  const check = REQUEST_CHECKS[type];
  if (!check.Check(head)) throw malformed(`not a ${type} request`);
  return head;
}

/** A response of the given type. @throws ApiError `bad-request` for anything malformed. */
export function decodeResponse(type: ResponseMessage['type'], body: Uint8Array): ResponseMessage {
  const text = decodeText(body);
  if (text.indexOf('\n') !== text.length - 1) throw malformed(`a ${type} has one line`);
  const value = parseJson(text, 'the response');
  const check = RESPONSE_CHECKS[type];
  if (!check.Check(value)) throw malformed(`not a ${type}`);
  return value;
}

/** Whether the message answers another. */
export function isResponseMessage(message: Message): message is ResponseMessage {
  return message.type.endsWith('-response');
}

/** The type of the response that answers a request. */
export function responseTypeOf(type: WireRequest['type']): ResponseMessage['type'] {
  return `${type}-response`;
}

function decodeAppend(head: unknown, text: string, start: number): WireRequest {
  if (!REQUEST_CHECKS.append.Check(head)) throw malformed('not an append request');
  const { count, ...message } = head;
  const { term, prevIndex, prevTerm } = message;
  if (prevTerm > term) throw malformed(`previous term ${prevTerm} beyond term ${term}`);
  if (prevIndex === 0 && prevTerm !== 0) throw malformed(`index 0 has term 0, not ${prevTerm}`);
  const entries: Entry[] = [];
  let position = start;
  let lastTerm = prevTerm;
  while (position < text.length) {
    const end = text.indexOf('\n', position);
    if (end === -1) throw malformed('the last entry does not end with a newline');
    const entry = decodeEntry(text.slice(position, end));
    const expected = prevIndex + entries.length + 1;
    if (entry.index !== expected) throw malformed(`entry ${entry.index} instead of ${expected}`);
    if (entry.term < lastTerm || entry.term > term) {
      throw malformed(`entry ${entry.index} of term ${entry.term} between ${lastTerm} and ${term}`);
    }
    entries.push(entry);
    lastTerm = entry.term;
    position = end + 1;
  }
  if (entries.length !== count) throw malformed(`${entries.length} entries instead of ${count}`);
  return { ...message, entries };
}

function decodeEntry(line: string): Entry {
  const match = ENTRY_LINE.exec(line);
  if (match === null || !line.endsWith('}')) throw malformed('not an entry');
  const index = Number(match[1]);
  const term = Number(match[2]);
  if (index > MAX_TERM || term > MAX_TERM) throw malformed('an index or term is too large');
  const json = line.slice(match[0].length, -1);
  const command = parseJson(json, `the command of entry ${index}`);
  if (!isCommand(command)) throw malformed(`not a command: entry ${index}`);
  return { index, term, command, json };
}

/**
 * Whether the core can read it. A configuration of an unknown version passes: the core must see it
 * to stop, as for every command that it does not know.
 */
function isCommand(value: unknown): value is Command {
  if (!COMMAND_CHECK.Check(value)) return false;
  if (value.kind !== 'configuration' || value.v !== 1) return true;
  return CONFIGURATION_COMMAND_CHECK.Check(value);
}

/** How long it may be is for whoever reads it off the network to say. */
function decodeText(body: Uint8Array): string {
  try {
    return strictUtf8.decode(body);
  } catch {
    throw malformed('not UTF-8');
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(`${what} is not JSON`);
  }
}

function malformed(detail: string): ApiError {
  return new ApiError('bad-request', `peer message: ${detail}`);
}
