/** MISTAKES in the node around the core. */
import type { Mistake } from './mistake.ts';

export const NODE_2: readonly Mistake[] = [
  {
    name: 'a snapshot of a deposed leader is received',
    file: 'src/node/snapshots/snapshot-receiver.ts',
    edits: [['    if (chunk.term < raft.state.term) return this.#answer(0, false);\n', '']],
  },
  {
    name: 'a snapshot is confirmed to its sender before it is applied',
    file: 'src/node/snapshots/snapshot-receiver.ts',
    edits: [
      [
        '    await whenApplied(snapshot.index);\n' +
          '    return this.#answer(snapshot.bytes, true);\n' +
          '  }\n' +
          '\n' +
          '  #answer',
        '    return this.#answer(snapshot.bytes, true);\n' + '  }\n' + '\n' + '  #answer',
      ],
    ],
  },
  {
    name: 'a leader that has been deposed goes on to send its snapshot',
    file: 'src/node/snapshots/snapshot-sender.ts',
    edits: [[' && term() === order.term && failures', ' && failures']],
  },
  {
    name: 'an attempt that is refused closes one whose outcome was open',
    file: 'src/node/leader/leader-calls.ts',
    edits: [['      isOpen ||= outcome.isOpen;\n', '      isOpen = outcome.isOpen;\n']],
  },
  {
    name: 'a failure is told as it is although an attempt is open',
    file: 'src/node/leader/leader-calls.ts',
    edits: [
      [
        "if (outcome.type === 'failed') throw isOpen ? unknown() : outcome.error;",
        "if (outcome.type === 'failed') throw outcome.error;",
      ],
    ],
  },
  {
    name: 'a call whose time is over is refused although an attempt is open',
    file: 'src/node/leader/leader-calls.ts',
    edits: [['    if (isOpen) return unknown();\n', '']],
  },
  {
    name: 'a request that was sent without an answer was never sent',
    file: 'src/node/leader/leader-calls.ts',
    edits: [
      [
        "return error.sent ? { type: 'open', error: unknown() } : { type: 'refused' };",
        "return { type: 'refused' };",
      ],
    ],
  },
  {
    name: 'a leader that times out has certainly done nothing',
    file: 'src/node/leader/leader-calls.ts',
    edits: [
      [
        "new Set<ErrorCode>(['no-leader', 'leader-changed'])",
        "new Set<ErrorCode>(['no-leader', 'leader-changed', 'node-stopped'])",
      ],
    ],
  },
  {
    name: 'names of forwarded requests repeat after so many',
    file: 'src/node/leader/leader-calls.ts',
    edits: [
      [
        'Math.floor(this.#numbered / SERIES) + 1}`',
        '(Math.floor(this.#numbered / SERIES) % 4) + 1}`',
      ],
    ],
  },
  {
    name: 'each attempt has a name of its own',
    file: 'src/node/leader/leader-calls.ts',
    edits: [
      [
        'if (leader !== self) call.requestId ??= this.#nextId();',
        'if (leader !== self && context.requestId === null) call.requestId = ' + 'this.#nextId();',
      ],
    ],
  },
  {
    name: 'what is expired of a name is told as it is',
    file: 'src/node/leader/leader-operations.ts',
    edits: [["  'request-expired',\n", '']],
  },
  {
    name: 'a change of members is done once more after it was committed',
    file: 'src/node/leader/membership.ts',
    edits: [['        await committed(entry, deadline);\n', '']],
  },
  {
    name: 'an unconfirmed leader says that a member is there',
    file: 'src/node/leader/membership.ts',
    edits: [
      [
        'if (entry === null) return await this.#confirmed(configuration, deadline);',
        'if (entry === null) return configuration;',
      ],
    ],
  },
  {
    name: 'the time of the cluster goes back with a new leader',
    file: 'src/node/cluster-time.ts',
    edits: [
      [
        'if (anchor !== null && at >= newest) return at;',
        'if (anchor !== null && at >= 0) return at;',
      ],
    ],
  },
  {
    name: 'a leader that was held calls leases over at once',
    file: 'src/node/leases/lease-keeper.ts',
    edits: [['    if (isLate) this.#lookAt = now + HELD_MS;\n', '']],
  },
  {
    name: 'a lease that is unknown now is told as gone',
    file: 'src/node/leases/lease-operations.ts',
    edits: [["  if (outcome === 'unknown') return await keepAlive(parts, id, deadline);\n", '']],
  },
  {
    name: 'a renewal that nobody confirmed is refused as never made',
    file: 'src/node/leases/lease-operations.ts',
    edits: [
      ["await (outcome === 'kept' ? confirmed.catch(leaveOpen) : confirmed);", 'await confirmed;'],
    ],
  },
  {
    name: 'who listens to a prefix does not hear of the key that is the prefix',
    file: 'src/node/changes.ts',
    edits: [
      ['      if (length > key.length) continue;', '      if (length >= key.length) continue;'],
    ],
  },
  {
    name: 'who leaves a prefix takes all of its length along',
    file: 'src/node/changes.ts',
    edits: [
      [
        'if (this.#prefixes.get(length)?.size === 0) this',
        'if (this.#prefixes.get(length)?.size !== undefined) this',
      ],
    ],
  },
  {
    name: 'the last revision is told of before those who listen',
    file: 'src/node/changes.ts',
    edits: [
      ['    this.#revision = change.revision;\n', ''],
      [
        '  changed(change: KvChange): void {\n',
        '  changed(change: KvChange): void {\n' + '    this.#revision = change.revision;\n',
      ],
    ],
  },
  {
    name: 'a watch that has caught up to the last but one joins the present',
    file: 'src/node/watch/watch-stream.ts',
    edits: [
      ['if (this.#next <= store.revision) return', 'if (this.#next < store.revision) return'],
    ],
  },
  {
    name: 'a change of the revision that a watch begins with is left out',
    file: 'src/node/watch/watch-stream.ts',
    edits: [['if (change.revision >= this.#next) this', 'if (change.revision > this.#next) this']],
  },
  {
    name: 'a watch that the store jumped over tells the last change again',
    file: 'src/node/watch/watch-stream.ts',
    edits: [['this.#next = this.told + 1;\n', 'this.#next = Math.max(this.from, this.told);\n']],
  },
  {
    name: 'a progress mark is ahead of what waits to be told',
    file: 'src/node/watch/watch-stream.ts',
    edits: [
      ['if (this.#sink.progress(this.told)) this', 'if (this.#sink.progress(this.told + 1)) this'],
    ],
  },
];
