import { type ClusterId, isId } from '../lib/ids.ts';
import type { Configuration } from '../raft/configuration.ts';
import type { LogIndex } from '../raft/entry.ts';
import type { SnapshotMeta } from '../raft/ready.ts';
import { textOfLine } from './line-reader.ts';
import { parseJson } from './wal-line.ts';
import { isCount, isHash } from './wal-record.ts';

/**
 * THE SNAPSHOT FILE
 *
 * Lines of JSON: a header, the state machine's own lines as they are, and a trailer with their
 * number and the SHA-256 of every byte before the trailer. The log names the hash of the whole
 * file besides, so a file that was swapped for another shows too.
 */

/** The newest format of snapshot files that this program reads, and the one it writes. */
export const SNAPSHOT_FORMAT = 1;

export interface SnapshotHeader extends SnapshotMeta {
  readonly format: number;
  readonly clusterId: ClusterId;
}

export interface SnapshotTrailer {
  readonly lines: number;
  /** Hex SHA-256 of everything before the trailer. */
  readonly sha256: string;
}

/** The path of a snapshot, relative to the node's directory. */
export function snapshotPath(index: LogIndex): string {
  return `snapshot-${index}.jsonl`;
}

const NAME = /^snapshot-([1-9][0-9]{0,15})\.jsonl$/;

/** The index in the name of a finished snapshot, or null. */
export function snapshotIndexOf(name: string): LogIndex | null {
  const match = NAME.exec(name);
  return match === null ? null : Number(match[1]);
}

export function encodeHeader(clusterId: ClusterId, meta: SnapshotMeta): string {
  const { index, term, configuration } = meta;
  const header = { format: SNAPSHOT_FORMAT, clusterId, index, term, configuration };
  return `${JSON.stringify(header)}\n`;
}

export function encodeTrailer({ lines, sha256 }: SnapshotTrailer): string {
  return `${JSON.stringify({ trailer: { lines, sha256 } })}\n`;
}

/** The header in a line; null when it is none; a number names a format that is too new. */
export function decodeHeader(line: Uint8Array): SnapshotHeader | number | null {
  const value = parseJson(textOfLine(line));
  if (!isObject(value) || !isCount(value['format'])) return null;
  if (value['format'] > SNAPSHOT_FORMAT) return value['format'];
  const { clusterId, index, term, configuration } = value;
  if (typeof clusterId !== 'string' || !isId(clusterId)) return null;
  if (!isCount(index) || index === 0 || !isCount(term)) return null;
  if (!isConfiguration(configuration)) return null;
  return { format: SNAPSHOT_FORMAT, clusterId: clusterId as ClusterId, index, term, configuration };
}

/** The trailer in a line, or null when it is none. */
export function decodeTrailer(line: Uint8Array): SnapshotTrailer | null {
  const value = parseJson(textOfLine(line));
  if (!isObject(value) || !isObject(value['trailer'])) return null;
  const { lines, sha256 } = value['trailer'];
  return isCount(lines) && isHash(sha256) ? { lines, sha256 } : null;
}

/** The hash protects the content; this says only that the right thing was hashed. */
function isConfiguration(value: unknown): value is Configuration {
  return (
    isObject(value) &&
    Array.isArray(value['members']) &&
    Array.isArray(value['removed']) &&
    isCount(value['clusterVersion'])
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
