/** CANARIES of the log on disk, of snapshot files, and of the start after a crash. */
import type { Canary } from './canary.ts';

export const STORAGE: readonly Canary[] = [
  {
    name: 'the log is not synced',
    file: 'src/storage/wal-writer.ts',
    find: '    await file.sync();\n    this.#position = { crc, batch };',
    replace: '    this.#position = { crc, batch };',
  },
  {
    name: 'a sync that failed is tried again',
    known: 'cockroachdb/cockroach#37102 (fsyncgate)',
    file: 'src/storage/wal-writer.ts',
    find: '    await file.sync();\n    this.#position = { crc, batch };',
    replace:
      '    await file.sync().catch(() => file.sync());\n    this.#position = { crc, batch };',
  },
  {
    name: 'a short write is taken for a whole one',
    known: 'hashicorp/raft-wal#32',
    file: 'src/storage/file-write.ts',
    find: '    rest = rest.subarray(written);',
    replace: '    rest = rest.subarray(rest.length);',
  },
  {
    name: 'the directory is not synced after a segment got its name',
    known: 'etcd-io/etcd#6368',
    file: 'src/storage/wal-segment.ts',
    find: '  await disk.rename(temporary(path), path);\n  await disk.syncDirectory(WAL_DIRECTORY);',
    replace: '  await disk.rename(temporary(path), path);',
  },
  {
    name: 'a segment gets its name before its first batch is durable',
    file: 'src/storage/wal-segment.ts',
    find: '  await file.sync();\n  await publish(disk, path);',
    replace: '  await publish(disk, path);',
  },
  {
    name: 'the directory is not synced after a snapshot got its name',
    known: 'hashicorp/consul#3362',
    file: 'src/storage/jsonl-storage.ts',
    find: "    await this.#disk.syncDirectory('.');\n    await this.#write([{ kind: 'snapshot'",
    replace: "    await this.#write([{ kind: 'snapshot'",
  },
  {
    name: 'the log speaks of a snapshot before it has its name',
    known: 'etcd-io/etcd#10219',
    foundBy: 'test/storage/crash.test.ts',
    seldom: 'Takes a crash between two operations; small scripts have all of them.',
    file: 'src/storage/jsonl-storage.ts',
    find:
      '    await this.#disk.rename(path, snapshotPath(index));\n' +
      "    await this.#disk.syncDirectory('.');\n" +
      "    await this.#write([{ kind: 'snapshot', snapshot: { index, term, hash, install } }]);",
    replace:
      "    await this.#write([{ kind: 'snapshot', snapshot: { index, term, hash, install } }]);\n" +
      '    await this.#disk.rename(path, snapshotPath(index));\n' +
      "    await this.#disk.syncDirectory('.');",
  },
  {
    name: 'what is written in pieces is not synced at its end',
    known: 'etcd-io/etcd#13766',
    file: 'src/storage/sliced-writer.ts',
    find: '    await this.flush();\n    await this.#file.sync();',
    replace: '    await this.flush();',
  },
  {
    name: 'a snapshot that was received is not synced',
    file: 'src/storage/snapshot-receive.ts',
    find: '    if (whole) await file.sync();\n',
    replace: '',
  },
  {
    name: 'the log is cut before the snapshot that replaces it is there',
    foundBy: 'test/storage/crash.test.ts',
    seldom: 'Takes a crash while a snapshot is written; small scripts have all of them.',
    file: 'src/storage/jsonl-storage.ts',
    find: '    this.#saving = true;\n    try {\n',
    replace:
      '    this.#saving = true;\n    try {\n' +
      '      await this.#use().writer.removeUpTo(meta.index);\n',
  },
  {
    name: 'a start removes the old log before the new one is there',
    file: 'src/storage/recovery.ts',
    find: '  const seq = nextSeq(all);\n',
    replace:
      '  const seq = nextSeq(all);\n' +
      '  await removeSuperseded(disk, all, [], carried);\n' +
      '  all.splice(0);\n',
  },
  {
    name: 'a torn tail is taken for a clean one',
    known: 'camunda/camunda#6098',
    file: 'src/storage/wal-reader.ts',
    find: "tail: tail?.torn === true ? 'torn' : 'clean',",
    replace: "tail: 'clean',",
  },
  {
    name: 'the log ends at the first line that is bad',
    known: 'cockroachdb/pebble#453',
    foundBy: 'test/storage/wal-damage.test.ts',
    seldom: 'Such a log recovers, which is safe as well: to refuse is only more careful.',
    file: 'src/storage/wal-reader.ts',
    find: '      if (decoded.line.batch <= this.#complete.batch + 1) continue;',
    replace: '      if (decoded.line.batch > 0) continue;',
  },
  {
    name: 'a second start forgets that the log was torn at the first',
    file: 'src/storage/recovery.ts',
    find: "    torn: log.torn || contents.tail === 'torn',",
    replace: "    torn: contents.tail === 'torn',",
  },
  {
    name: 'the vote in a torn batch is forgotten',
    foundBy: 'test/storage/wal-damage.test.ts',
    seldom: 'Who recovers takes its vote for given in every term that it hears of.',
    file: 'src/storage/wal-reader.ts',
    find: 'salvaged: tail?.torn === true ? this.#salvaged : null,',
    replace: 'salvaged: null,',
  },
  {
    name: 'a new segment does not repeat term and vote',
    file: 'src/storage/wal-writer.ts',
    find: 'state: log.hard, snapshots: log.snapshots };',
    replace: 'state: { term: log.hard.term, vote: null }, snapshots: log.snapshots };',
  },
  {
    name: 'segments that still hold what is not in a snapshot are removed',
    file: 'src/storage/wal-writer.ts',
    find: 'if (oldest === undefined || oldest.maxIndex > index) return;',
    replace: 'if (oldest === undefined || oldest.maxIndex > index + 20) return;',
  },
  {
    name: 'a snapshot of what is not durable in the log yet',
    foundBy: 'test/node/snapshots/snapshots-take.test.ts',
    seldom: 'Takes a snapshot that is written in less time than a batch of the log.',
    file: 'src/node/snapshots/snapshots.ts',
    find: '    await whenDurable(index);\n',
    replace: '',
  },
];
