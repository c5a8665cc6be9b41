/** MISTAKES in the node around the core. */
import type { Mistake } from './mistake.ts';

export const NODE_1: readonly Mistake[] = [
  {
    name: 'a read joins the question that is on its way',
    file: 'src/node/loop/reads.ts',
    edits: [
      [
        'this.#gathering.push({ context, resolve, reject });',
        '(this.#asked?.reads ?? this.#gathering).push({ context, resolve, reject });',
      ],
    ],
  },
  {
    name: 'a read that is not confirmed is answered at the applied state',
    file: 'src/node/loop/reads.ts',
    edits: [
      [
        '      this.#gathering = [...reads, ...this.#gathering];\n' + '      return;',
        '      for (const read of reads) read.resolve();\n' +
          '      this.#count -= reads.length;\n' +
          '      return;',
      ],
    ],
  },
  {
    name: 'reads that are asked anew are forgotten',
    file: 'src/node/loop/reads.ts',
    edits: [
      [
        '      this.#gathering = [...this.#asked.reads, ...this.#gathering];\n' +
          '      this.#asked = null;',
        '      this.#asked = null;',
      ],
    ],
  },
  {
    name: 'a deadline ends the reads that wait to be applied only',
    file: 'src/node/loop/reads.ts',
    edits: [['    this.#gathering = this.#gathering.filter(isWanted);\n', '']],
  },
  {
    name: 'a proposal whose deadline is over leaves the list',
    file: 'src/node/loop/proposals.ts',
    edits: [['          waiting.hasEnded = true;\n' + '          this.#ended += 1;\n', '']],
  },
  {
    name: 'a write that was lost is told as done when its index is applied',
    file: 'src/node/loop/proposals.ts',
    edits: [
      [
        'if (waiting.term === entry.term) waiting.resolve(result);',
        'if (waiting.term <= entry.term) waiting.resolve(result);',
      ],
    ],
  },
  {
    name: 'a snapshot at the very index of a write leaves it waiting',
    file: 'src/node/loop/proposals.ts',
    edits: [['if (index <= upTo) this.#drop', 'if (index < upTo) this.#drop']],
  },
  {
    name: 'a step down forgets those who still wait',
    file: 'src/node/loop/proposals.ts',
    edits: [
      [
        '      while (waiting?.hasEnded === true) waiting = waiting.older;\n' +
          '      if (waiting === null) this.#take(index);',
        '      while (waiting?.hasEnded === true) waiting = waiting.older;\n' +
          '      if (waiting === null || newest.hasEnded) this.#take(index);',
      ],
    ],
  },
  {
    name: 'a snapshot in the middle of a batch is passed over',
    file: 'src/node/loop/persister.ts',
    edits: [
      [
        'if (at > 0 && (ready.snapshot !== null || bytes >= BATCH_BYTES)) return true;',
        'if (at > 0 && bytes >= BATCH_BYTES) return true;',
      ],
    ],
  },
  {
    name: 'a recovery is on record before the log that ends it',
    file: 'src/node/loop/persister.ts',
    edits: [
      [
        '      if (batch.some((ready) => ready.recovered)) await ' +
          'this.#storage.markRecovered();\n',
        '',
      ],
      [
        '      const started = this.#clock.now();\n' + '      const { snapshot',
        '      const started = this.#clock.now();\n' +
          '      if (batch.some((ready) => ready.recovered)) await ' +
          'this.#storage.markRecovered();\n' +
          '      const { snapshot',
      ],
    ],
  },
  {
    name: 'of a batch only the last step is told to be durable',
    file: 'src/node/loop/persister.ts',
    edits: [
      ['      for (const ready of batch) {\n', '      for (const ready of batch.slice(-1)) {\n'],
    ],
  },
  {
    name: 'a step is told to be durable although the node has stopped',
    file: 'src/node/loop/persister.ts',
    edits: [
      [
        "if (ready.mark === null || this.#state === 'halted') continue;",
        'if (ready.mark === null) continue;',
      ],
    ],
  },
  {
    name: 'something is written after a failure',
    file: 'src/node/loop/persister.ts',
    edits: [
      [
        '        this.halt();\n' + '        this.#hooks.failed(error);',
        '        this.#hooks.failed(error);',
      ],
    ],
  },
  {
    name: 'a halted persister goes on with what waits',
    file: 'src/node/loop/persister.ts',
    edits: [
      ['    this.#cancelMarker();\n' + '    this.#queue.length = 0;', '    this.#cancelMarker();'],
    ],
  },
  {
    name: 'a stopping node does not wait for its disk',
    file: 'src/node/loop/persister.ts',
    edits: [['    while (this.#running !== null) await this.#running;\n', '']],
  },
  {
    name: 'the end of an earlier step is written behind the one that replaces it',
    file: 'src/node/loop/persister.ts',
    edits: [
      [
        '      while ((entries.at(-1)?.index ?? 0) >= entry.index) entries.pop();\n',
        '      while ((entries.at(-1)?.index ?? 0) > entry.index) entries.pop();\n',
      ],
    ],
  },
  {
    name: 'entries are applied before a snapshot that comes before them',
    file: 'src/node/loop/driver.ts',
    edits: [
      ['    if (ready.snapshot !== null) this.#applier.pushSnapshot(ready.snapshot);\n', ''],
      [
        '    this.#applier.pushEntries(ready.committed);\n',
        '    this.#applier.pushEntries(ready.committed);\n' +
          '    if (ready.snapshot !== null) this.#applier.pushSnapshot(ready.snapshot);\n',
      ],
    ],
  },
  {
    name: 'messages that wait for the disk leave after the next input',
    file: 'src/node/loop/driver.ts',
    edits: [
      [
        '        for (const message of ready.messagesAfterPersist) ' + 'hooks.send(message);\n',
        '        for (const message of ready.messagesAfterPersist.slice(0, 8)) ' +
          'hooks.send(message);\n',
      ],
    ],
  },
  {
    name: 'any snapshot that is installed stands for the one that waits',
    file: 'src/node/loop/applier.ts',
    edits: [
      [
        "if (task.type === 'restore' && task.snapshot.index === snapshot.index) " +
          'task.installed',
        "if (task.type === 'restore' && task.snapshot.index >= snapshot.index) " + 'task.installed',
      ],
    ],
  },
  {
    name: 'the index moves for who waits only when a slice is over without a rest',
    file: 'src/node/loop/applier.ts',
    edits: [
      [
        '    this.#busy = false;\n' +
          '    this.#hooks.advanced(this.appliedIndex);\n' +
          '    this.#work();',
        '    this.#busy = false;\n' + '    this.#work();',
      ],
    ],
  },
  {
    name: 'the state of a snapshot is read when its entry is durable',
    file: 'src/node/snapshots/snapshots.ts',
    edits: [
      ['    const lines = machine.snapshot();\n', ''],
      [
        '    await whenDurable(index);\n',
        '    await whenDurable(index);\n' + '    const lines = machine.snapshot();\n',
      ],
    ],
  },
  {
    name: 'the log in memory is cut behind the snapshot',
    file: 'src/node/snapshots/snapshots.ts',
    edits: [['return Math.min(snapshotIndex, from);', 'return Math.max(snapshotIndex, from);']],
  },
  {
    name: 'a snapshot that is older than the newest is saved',
    file: 'src/node/snapshots/snapshots.ts',
    edits: [
      [
        'if (term === null || (storage.newestSnapshot()?.index ?? 0) >= index) return;',
        'if (term === null) return;',
      ],
    ],
  },
  {
    name: 'a faulty snapshot is taken in up to its fault',
    file: 'src/node/snapshots/snapshots.ts',
    edits: [['    if (fault !== null) throw fault;\n', '']],
  },
];
