import {
  appendFileSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** A line of the log as it stands in the file; read without the help of the program under test. */
export interface FoundLine {
  readonly offset: number;
  readonly bytes: Buffer;
  readonly crc: string;
  readonly batch: number;
  readonly last: boolean;
  /** The key that a put entry writes. */
  readonly key: string | null;
  readonly isMarker: boolean;
}

/** The segment a node wrote last; the path relative to its directory. */
export function newestSegment(dataDir: string): string {
  const names = readdirSync(join(dataDir, 'wal')).filter((name) => name.endsWith('.jsonl'));
  const newest = names.toSorted().at(-1);
  if (newest === undefined) throw new Error(`no log in ${dataDir}`);
  return `wal/${newest}`;
}

/** One segment of a log, to be damaged while its node does not run. */
export class Segment {
  readonly path: string;
  /** The complete batches, in order; an unfinished end is not among them. */
  readonly batches: readonly (readonly FoundLine[])[];
  /** Where the last of them ends. */
  readonly #end: number;

  /** Reads only, so that the log of a running node can be looked at. */
  constructor(dataDir: string) {
    this.path = join(dataDir, newestSegment(dataDir));
    const { lines, end } = readLines(readFileSync(this.path));
    this.batches = [...Map.groupBy(lines, (line) => line.batch).values()];
    this.#end = end;
  }

  /** The last complete batch. */
  get lastBatch(): readonly FoundLine[] {
    const batch = this.batches.at(-1);
    if (batch === undefined) throw new Error('a log without a batch');
    return batch;
  }

  /** Adds the first bytes of the next batch, as a process leaves them that is killed meanwhile. */
  halfWrite(fraction: number): void {
    const text = this.#nextBatch();
    this.#cutUnfinished();
    appendFileSync(this.path, text.slice(0, Math.ceil(text.length * fraction)));
  }

  /** Puts noise in the place of the last complete batch. */
  garbleLastBatch(): void {
    const from = this.lastBatch[0]?.offset ?? 0;
    this.#cutUnfinished();
    this.#overwrite(from, crypto.getRandomValues(new Uint8Array(this.#end - from)));
  }

  /** Flips the lowest bit of one byte in the middle of a line. */
  flipBit(line: FoundLine): void {
    const at = Math.floor(line.bytes.length / 2);
    this.#overwrite(line.offset + at, Uint8Array.of((line.bytes[at] ?? 0) ^ 1));
  }

  /** What was unfinished when the process was killed was acknowledged by nobody. */
  #cutUnfinished(): void {
    truncateSync(this.path, this.#end);
  }

  #overwrite(offset: number, bytes: Uint8Array): void {
    const fd = openSync(this.path, 'r+');
    try {
      writeSync(fd, bytes, 0, bytes.length, offset);
    } finally {
      closeSync(fd);
    }
  }

  /** Two entries that could have come next. */
  #nextBatch(): string {
    const batch = (this.lastBatch[0]?.batch ?? 0) + 1;
    let prev = this.lastBatch.at(-1)?.crc ?? '';
    let text = '';
    for (const last of ['', '"last":true,']) {
      const value = `"state":{"term":1000,"vote":null}`;
      const body = `,"prev":"${prev}","batch":${batch},${last}${value}}`;
      prev = crc32(body).toString(16).padStart(8, '0');
      text += `{"crc":"${prev}"${body}\n`;
    }
    return text;
  }
}

function readLines(bytes: Buffer): { readonly lines: FoundLine[]; readonly end: number } {
  const lines: FoundLine[] = [];
  let complete = 0;
  let offset = 0;
  for (;;) {
    const end = bytes.indexOf(0x0a, offset);
    if (end < 0) break;
    lines.push(readLine(offset, bytes.subarray(offset, end)));
    offset = end + 1;
    if (lines.at(-1)?.last === true) complete = lines.length;
  }
  const whole = lines.slice(0, complete);
  const final = whole.at(-1);
  return { lines: whole, end: final === undefined ? 0 : final.offset + final.bytes.length + 1 };
}

interface LineJson {
  readonly crc: string;
  readonly batch: number;
  readonly last?: true;
  readonly synced?: true;
  readonly entry?: { readonly command: { readonly kind: string; readonly key?: string } };
}

function readLine(offset: number, bytes: Buffer): FoundLine {
  const line = JSON.parse(bytes.toString('utf8')) as LineJson;
  const { crc, batch, last = false, synced = false, entry } = line;
  const key = entry?.command.kind === 'put' ? (entry.command.key ?? null) : null;
  return { offset, bytes, crc, batch, last, key, isMarker: synced };
}
