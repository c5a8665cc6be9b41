/** MISTAKES in the node around the core. */
import type { Mistake } from './mistake.ts';

export const NODE_3: readonly Mistake[] = [
  {
    name: 'of the events of a change those that are deleted are left out',
    file: 'src/node/watch/watch-group.ts',
    edits: [
      [
        '(only === null || type === only) &&',
        "(only === null ? type === 'put' || events.length < 3 : type === only) &&",
      ],
    ],
  },
  {
    name: 'watches of ranges that differ in their end share a group',
    file: 'src/node/watch/watch-group.ts',
    edits: [["${start.length} ${start}${end ?? ''}`;", '${start.length} ${start}`;']],
  },
  {
    name: 'a watch of an old revision is begun at the present',
    file: 'src/node/watch/watches.ts',
    edits: [
      [
        'const from = spec.from ?? revision + 1;',
        'const from = Math.max(spec.from ?? 0, compactRevision, spec.from === null ? ' +
          'revision + 1 : 0);',
      ],
    ],
  },
  {
    name: 'a place is given up although it is the first',
    file: 'src/node/locks/place.ts',
    edits: [
      [
        "    if (previous === undefined) return 'holds';\n",
        '    if (previous === undefined) {\n' +
          "      await node.propose({ kind: 'delete', key, end: null, open: false, " +
          'condition: null, prev: false }, context);\n' +
          "      return 'left';\n" +
          '    }\n',
      ],
    ],
  },
  {
    name: 'a key that was written anew comes last in the queue',
    file: 'src/node/locks/queue-view.ts',
    edits: [
      [
        'if (this.#contenders.has(key)) this.#contenders.set(key, contender);\n' +
          '    else created.push',
        'this.#contenders.delete(key);\n' + '    created.push',
      ],
    ],
  },
  {
    name: 'who waits is not woken when its key is gone',
    file: 'src/node/locks/queue-view.ts',
    edits: [
      ['if (this.#contenders.delete(key)) this.#wake(key);', 'this.#contenders.delete(key);'],
    ],
  },
  {
    name: 'more is told to the core at once than messages can answer',
    file: 'src/node/loop/ticker.ts',
    edits: [['const TICKS_AT_ONCE_MAX = 4;', 'const TICKS_AT_ONCE_MAX = 400;']],
  },
  {
    name: 'time that was not told at once is told later',
    file: 'src/node/loop/ticker.ts',
    edits: [['this.#last += due * this.#tickMs;', 'this.#last += ticks * this.#tickMs;']],
  },
  {
    name: 'a founding member that another one knows starts',
    file: 'src/node/founding-inquiry.ts',
    edits: [['id === self && active === true);', 'id === self && active === false);']],
  },
  {
    name: 'writes that a snapshot went past wait for ever',
    file: 'src/node/parts.ts',
    edits: [['        this.proposals.skipped(snapshot.index);\n', '']],
  },
  {
    name: 'hashes of before a snapshot are told of the state after it',
    file: 'src/node/parts.ts',
    edits: [['        this.hashPoints.restored();\n', '']],
  },
  {
    name: 'a write is answered before its lease counts',
    file: 'src/node/parts.ts',
    edits: [
      ['    this.leases.applied(result);\n', ''],
      [
        '    this.proposals.applied(entry, result);\n',
        '    this.proposals.applied(entry, result);\n' +
          "    if (result?.type !== 'lease-kept') this.leases.applied(result);\n",
      ],
    ],
  },
  {
    name: 'reads are not told that the index moved',
    file: 'src/node/parts.ts',
    edits: [['    this.reads.advanced();\n', '']],
  },
  {
    name: 'a failed node goes on',
    file: 'src/node/parts.ts',
    edits: [['    this.#isOver = true;\n' + '    this.driver.halt();', '    this.driver.halt();']],
  },
  {
    name: 'a fenced node ends before its fence is there',
    file: 'src/node/parts.ts',
    edits: [
      [
        '    storage.fence(fence).then(',
        "    onFatal(new Error('fenced'), 2);\n" + '    storage.fence(fence).then(',
      ],
    ],
  },
  {
    name: 'what is open at the end is told as never done',
    file: 'src/node/parts.ts',
    edits: [
      [
        "const outcome = error.applied === 'no' ? unknownBecause(error) : error;",
        'const outcome = error;',
      ],
    ],
  },
  {
    name: 'the peers of the first membership stay',
    file: 'src/node/parts.ts',
    edits: [
      [
        '    this.#transport.setPeers(peers);',
        '    if (this.raft.state.commitIndex < 2) this.#transport.setPeers(peers);',
      ],
    ],
  },
  {
    name: 'contexts of reads begin anew in each life',
    file: 'src/node/parts.ts',
    edits: [['firstContext: prng.uint32() * 2 ** 20,', 'firstContext: 0,']],
  },
  {
    name: 'names of requests are the same in each life',
    file: 'src/node/parts.ts',
    edits: [['-${prng.uint32().toString(36)}`', '-0`']],
  },
  {
    name: 'a founding entry is written again over an empty log of a later term',
    file: 'src/node/node.ts',
    edits: [[' || restored.state.term > FOUNDING_TERM) return options;', ') return options;']],
  },
  {
    name: 'a founding entry has no term on disk',
    file: 'src/node/node.ts',
    edits: [
      [
        '  await storage.append({ state, entries });\n',
        '  await storage.append({ state: null, entries });\n',
      ],
    ],
  },
  {
    name: 'a stopping node cuts off what waits',
    file: 'src/node/node.ts',
    edits: [
      [
        '    await this.#until(() => proposals.awaited + calls.count + reads.count ' +
          '=== 0, DRAIN_MS);\n',
        '',
      ],
    ],
  },
];
