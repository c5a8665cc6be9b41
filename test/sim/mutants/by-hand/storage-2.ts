/** MISTAKES in the log and the snapshots on disk. */
import type { Mistake } from './mistake.ts';

export const STORAGE_2: readonly Mistake[] = [
  {
    name: 'the fence of a node that differs is not durable',
    file: 'src/storage/fence.ts',
    edits: [
      [
        "  await disk.syncDirectory('.');\n" + '  return fencedError(fence);',
        '  return fencedError(fence);',
      ],
    ],
  },
  {
    name: 'a fence without content lets the node start',
    file: 'src/storage/fence.ts',
    edits: [
      [
        '    throw fencedError(fenceIn(new TextDecoder().decode(bytes)));',
        '    const fence = fenceIn(new TextDecoder().decode(bytes));\n' +
          '    if (fence !== null) throw fencedError(fence);',
      ],
    ],
  },
  {
    name: 'a log that is gone beside a snapshot is a new node',
    file: 'src/storage/recovery.ts',
    edits: [['    await refuseLostLog(disk);\n', '']],
  },
  {
    name: 'a segment that is missing is not noticed',
    file: 'src/storage/wal-reader.ts',
    edits: [['if (segment.seq !== before.seq + 1) {', 'if (segment.seq <= before.seq) {']],
  },
  {
    name: 'the vote of a log line may change in its term',
    file: 'src/storage/log-state.ts',
    edits: [
      [
        '    if (state.term === term && vote !== null && state.vote !== vote) {',
        '    if (state.term === term && vote !== null && state.vote === undefined) {',
      ],
    ],
  },
  {
    name: 'a log may be rewritten below a snapshot',
    file: 'src/storage/log-shape.ts',
    edits: [['    if (index <= this.#committed) {', '    if (index < this.#committed) {']],
  },
  {
    name: 'a rotation writes the batch into the old segment still',
    file: 'src/storage/wal-writer.ts',
    edits: [
      ['if (this.#bytes >= this.#segmentBytes) {', 'if (this.#bytes > this.#segmentBytes) {'],
    ],
  },
  {
    name: 'the newest batch counts as marked although entries followed',
    file: 'src/storage/jsonl-storage.ts',
    edits: [
      ['    this.#marked = false;\n', '    this.#marked = this.#marked && records.length === 1;\n'],
    ],
  },
  {
    name: 'lines behind the first block of a file are said to stand one byte too far',
    file: 'src/storage/line-reader.ts',
    edits: [
      [
        'lineOffset += bytes.length + 1;',
        'lineOffset += bytes.length + (offset > BLOCK_BYTES ? 2 : 1);',
      ],
    ],
  },
];
