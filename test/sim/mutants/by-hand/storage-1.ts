/** MISTAKES in the log and the snapshots on disk. */
import type { Mistake } from './mistake.ts';

export const STORAGE_1: readonly Mistake[] = [
  {
    name: 'a new segment forgets that the log was torn',
    file: 'src/storage/wal-writer.ts',
    edits: [['torn: log.torn, state', 'torn: false, state']],
  },
  {
    name: 'a new segment forgets the snapshots',
    file: 'src/storage/wal-writer.ts',
    edits: [['snapshots: log.snapshots }', 'snapshots: log.snapshots.slice(-1) }']],
  },
  {
    name: 'segments are removed up to the newer snapshot',
    file: 'src/storage/jsonl-storage.ts',
    edits: [['await writer.removeUpTo(older.index);', 'await writer.removeUpTo(newer.index);']],
  },
  {
    name: 'a segment goes although its last entry is right behind the snapshot',
    file: 'src/storage/wal-writer.ts',
    edits: [['oldest.maxIndex > index) return;', 'oldest.maxIndex > index + 1) return;']],
  },
  {
    name: 'the directory is not synced between the removals of segments',
    file: 'src/storage/wal-writer.ts',
    edits: [['      await this.#disk.syncDirectory(WAL_DIRECTORY);\n', '']],
  },
  {
    name: 'snapshots below the newer one go at once',
    file: 'src/storage/jsonl-storage.ts',
    edits: [
      [
        'await removeSnapshotsBelow(this.#disk, older.index);',
        'await removeSnapshotsBelow(this.#disk, newer.index);',
      ],
    ],
  },
  {
    name: 'a saved snapshot takes the place of a newer one that was received',
    file: 'src/storage/jsonl-storage.ts',
    edits: [
      [
        'if (newest !== null && newest.index >= file.index) {',
        'if (newest !== null && newest.index === file.index) {',
      ],
    ],
  },
  {
    name: 'the log speaks of a received snapshot as of one that it holds',
    file: 'src/storage/jsonl-storage.ts',
    edits: [['shape.termAt(index) !== term);', 'shape.last < index);']],
  },
  {
    name: 'the log is replaced by every received snapshot',
    file: 'src/storage/jsonl-storage.ts',
    edits: [['shape.termAt(index) !== term);', 'true);']],
  },
  {
    name: 'something is written after a write that failed',
    file: 'src/storage/jsonl-storage.ts',
    edits: [
      ['    if (this.#failure !== null) throw this.#failure.error;\n' + '    try {', '    try {'],
    ],
  },
  {
    name: 'the checksum covers the first 64 bytes of a line',
    file: 'src/storage/wal-line.ts',
    edits: [
      ['crc = crcHex(body);', 'crc = crcHex(Buffer.from(body).subarray(0, 64));'],
      [
        'const actual = crcHex(buffer.subarray(BODY_OFFSET));',
        'const actual = crcHex(buffer.subarray(BODY_OFFSET, BODY_OFFSET + 64));',
      ],
    ],
  },
  {
    name: 'the last byte of a line is not covered by the checksum',
    file: 'src/storage/wal-line.ts',
    edits: [
      ['crc = crcHex(body);', 'crc = crcHex(body.slice(0, -1));'],
      [
        'const actual = crcHex(buffer.subarray(BODY_OFFSET));',
        'const actual = crcHex(buffer.subarray(BODY_OFFSET, -1));',
      ],
    ],
  },
  {
    name: 'lines are not chained',
    file: 'src/storage/wal-reader.ts',
    edits: [['if (!first && line.prev !== this.#crc) {', "if (!first && line.prev === '') {"]],
  },
  {
    name: 'numbers of batches may be passed over',
    file: 'src/storage/wal-reader.ts',
    edits: [['if (!first && line.batch !== due) {', 'if (!first && line.batch < due) {']],
  },
  {
    name: 'a bad end is cut although a later batch follows',
    file: 'src/storage/wal-reader.ts',
    edits: [
      [
        '      if (decoded.line.batch <= this.#complete.batch + 1) continue;\n',
        '      if (decoded.line.batch <= this.#complete.batch + 2) continue;\n',
      ],
    ],
  },
  {
    name: 'zeros at the end of the log are a clean end',
    file: 'src/storage/clean-prefix.ts',
    edits: [
      [
        "  const text = Buffer.from(bytes).toString('latin1');\n",
        "  const text = Buffer.from(bytes).toString('latin1');\n" +
          '  if (bytes.every((byte) => byte === 0)) return true;\n',
      ],
    ],
  },
  {
    name: 'a restart keeps one entry that the snapshot holds',
    file: 'src/storage/recovery.ts',
    edits: [
      [
        'entries.slice(Math.max(0, index + 1 - first));',
        'entries.slice(Math.max(0, index - first));',
      ],
    ],
  },
  {
    name: 'a restart loses the entry right behind the snapshot',
    file: 'src/storage/recovery.ts',
    edits: [
      [
        'entries.slice(Math.max(0, index + 1 - first));',
        'entries.slice(Math.max(0, index + 2 - first));',
      ],
    ],
  },
  {
    name: 'a salvaged vote is dropped when the log knows its term',
    file: 'src/storage/recovery.ts',
    edits: [
      ['(salvaged.term > logged.term || logged.vote === null);', 'salvaged.term > logged.term;'],
    ],
  },
  {
    name: 'the copy of a start has no mark of the older snapshot',
    file: 'src/storage/snapshot-choice.ts',
    edits: [
      [
        'const kept = log.snapshots.filter((other) => other.index <= mark.index);',
        'const kept = log.snapshots.filter((other) => other.index === mark.index);',
      ],
    ],
  },
  {
    name: 'a damaged snapshot is passed over although the log begins behind the older one',
    file: 'src/storage/snapshot-choice.ts',
    edits: [['    if (mark.index < base) break;\n', '']],
  },
  {
    name: 'the content of a received snapshot is not looked at',
    file: 'src/storage/snapshot-receive.ts',
    edits: [
      [
        '    if (checked instanceof SnapshotFault) {\n' + '      await this.drop();',
        '    if (checked instanceof SnapshotFault && !whole) {\n' + '      await this.drop();',
      ],
    ],
  },
  {
    name: 'pieces of two snapshots of one index go into one file',
    file: 'src/storage/snapshot-receive.ts',
    edits: [
      [
        'old?.index === snapshot.index && old.term === snapshot.term && old.hash === ' +
          'snapshot.hash;',
        'old?.index === snapshot.index;',
      ],
    ],
  },
  {
    name: 'a piece that comes late is written once more',
    file: 'src/storage/snapshot-receive.ts',
    edits: [
      [
        'if (offset !== this.#offset || offset + bytes.length > expected.bytes) ' +
          'return this.#offset;',
        'if (offset > this.#offset || offset + bytes.length > expected.bytes) return ' +
          'this.#offset;',
      ],
    ],
  },
];
