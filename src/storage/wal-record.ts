import { type ClusterId, isId, type MemberId } from '../lib/ids.ts';
import type { HardState, LogIndex, Term } from '../raft/entry.ts';

/** The newest format of log segments that this program reads, and the one it writes. */
export const WAL_FORMAT = 1;

/** The first line of every segment. */
export interface SegmentHeader {
  readonly format: number;
  /** The segment's number, as in its name. */
  readonly seq: number;
  /** The index of the next entry at the time the segment was begun. */
  readonly firstIndex: LogIndex;
  /** A start made this segment of all that counts: the segments before it are superseded. */
  readonly copied: boolean;
  /** The log lost its last batch at an earlier start, and nobody has confirmed it since. */
  readonly torn: boolean;
  readonly clusterId: ClusterId;
  readonly memberId: MemberId;
  readonly node: Readonly<Record<string, string | number | boolean>>;
}

/** A finished snapshot that the log may stand on. */
export interface SnapshotMark {
  readonly index: LogIndex;
  readonly term: Term;
  /** Hex SHA-256 of the whole file. */
  readonly hash: string;
  /** The snapshot came from the leader and replaced the whole log. */
  readonly install: boolean;
}

/** An entry as the log knows it: the command is text, passed through unread. */
export interface EntryRecord {
  readonly kind: 'entry';
  readonly index: LogIndex;
  readonly term: Term;
  /** The command's JSON. */
  readonly json: string;
}

/** What one line of the log says. */
export type WalRecord =
  | { readonly kind: 'header'; readonly header: SegmentHeader }
  | EntryRecord
  | { readonly kind: 'state'; readonly state: HardState }
  | { readonly kind: 'snapshot'; readonly snapshot: SnapshotMark }
  | { readonly kind: 'synced' }
  | { readonly kind: 'recovered' };

/** Why this may not stand in a log, or null. Asked before writing and again after reading. */
export function whyInvalid(record: WalRecord): string | null {
  switch (record.kind) {
    case 'header':
      return whyBadHeader(record.header);
    case 'entry':
      return whyBadEntry(record);
    case 'state': {
      const { term, vote } = record.state;
      if (notCount(term)) return `state with term ${term}`;
      return vote === null || isIdText(vote) ? null : `state with vote ${vote}`;
    }
    case 'snapshot':
      return whyBadMark(record.snapshot);
    case 'synced':
    case 'recovered':
      return null;
  }
}

function whyBadEntry({ index, term, json }: EntryRecord): string | null {
  if (notCount(index) || index === 0) return `entry with index ${index}`;
  if (notCount(term)) return `entry ${index} with term ${term}`;
  if (!json.startsWith('{') || !json.endsWith('}')) return `entry ${index} is not a JSON object`;
  if (json.includes('\n')) return `entry ${index} holds a line break`;
  return json.isWellFormed() ? null : `entry ${index} is not Unicode text`;
}

function whyBadMark({ index, term, hash, install }: SnapshotMark): string | null {
  if (notCount(index) || index === 0) return `snapshot with index ${index}`;
  if (notCount(term)) return `snapshot ${index} with term ${term}`;
  if (typeof install !== 'boolean') return `snapshot ${index} without install`;
  const whole: boolean = isHash(hash);
  return whole ? null : `snapshot ${index} with hash ${hash}`;
}

function whyBadHeader(header: SegmentHeader): string | null {
  if (header.format !== WAL_FORMAT) return `header with format ${header.format}`;
  if (notCount(header.seq) || header.seq === 0) return `header with seq ${header.seq}`;
  if (notCount(header.firstIndex) || header.firstIndex === 0) {
    return `header with firstIndex ${header.firstIndex}`;
  }
  if (typeof header.copied !== 'boolean') return 'header without copied';
  if (typeof header.torn !== 'boolean') return 'header without torn';
  if (!isIdText(header.clusterId)) return `header with clusterId ${header.clusterId}`;
  if (!isIdText(header.memberId)) return `header with memberId ${header.memberId}`;
  return isSettings(header.node) ? null : 'header with a bad node';
}

/** Whether the value is a whole number from 0 on that JavaScript holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Without narrowing: the type says number, but the value may have come from a file. */
function notCount(value: number): boolean {
  return !isCount(value);
}

/** Whether the value is a SHA-256 in hex. */
export function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isIdText(value: unknown): boolean {
  return typeof value === 'string' && isId(value);
}

function isSettings(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const scalar = new Set(['string', 'number', 'boolean']);
  return Object.values(value).every((setting) => scalar.has(typeof setting));
}
