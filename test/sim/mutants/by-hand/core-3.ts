/** MISTAKES in the consensus core. */
import type { Mistake } from './mistake.ts';

export const CORE_3: readonly Mistake[] = [
  {
    name: 'what is compacted away counts as not durable',
    file: 'src/raft/log.ts',
    edits: [['    this.#durable = Math.max(this.#durable, index);\n', '']],
  },
  {
    name: 'an oversized entry blocks replication',
    file: 'src/raft/log.ts',
    edits: [['if (bytes > maxBytes && stop > start) break;', 'if (bytes > maxBytes) break;']],
  },
  {
    name: 'a probe counts as lost at each heartbeat',
    file: 'src/raft/leader.ts',
    edits: [["const lostAfter = state === 'probe' ?", "const lostAfter = state !== 'probe' ?"]],
  },
  {
    name: 'a snapshot that could not be sent counts as sent',
    file: 'src/raft/replication.ts',
    edits: [
      [
        '    progress.pendingSnapshot = 0;\n' + '    progress.backoffTicks',
        '    progress.backoffTicks',
      ],
    ],
  },
  {
    name: 'a refused heartbeat sends the leader back',
    file: 'src/raft/replication.ts',
    edits: [
      [
        "if (!wasAwaited || progress.state === 'snapshot') return;",
        "if (progress.state === 'snapshot') return;",
      ],
    ],
  },
  {
    name: 'a recovery that a leader notes counts what the member had',
    file: 'src/raft/replication.ts',
    edits: [
      [
        '  progress.forget(message.recovery, raft.upcomingSeq);\n',
        '  progress.recovery = message.recovery;\n',
      ],
    ],
  },
  {
    name: 'a refused append counts as a match',
    file: 'src/raft/replication.ts',
    edits: [
      [
        '  else if (progress.advance(message.index)) maybeCommit(raft);',
        '  if ((message.ok || message.conflictTerm === raft.term) && ' +
          'progress.advance(message.index)) {\n' +
          '    maybeCommit(raft);\n' +
          '  }',
      ],
    ],
  },
];
